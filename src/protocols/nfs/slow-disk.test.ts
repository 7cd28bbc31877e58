import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { slowMedium } from '../../storage/writable/slow-medium.ts'
import { WritableDirectory } from '../../storage/writable-directory.ts'
import { RpcClient } from '../rpc/client.ts'
import { fixedExports } from './export.ts'
import { KEY, user } from './harness.ts'
import { NfsServer } from './server.ts'

const HOST = '127.0.0.1'
const base = mkdtempSync(join(tmpdir(), 'netroot-slow-'))
after(() => rmSync(base, { recursive: true }))
mkdirSync(join(base, 'slow'))
writeFileSync(join(base, 'slow/file'), 'late')
writeFileSync(join(base, 'quick'), 'soon')

const MOUNT = { program: 100_005, version: 3, procedure: 1 }
const nfs = (procedure: number) => ({ program: 100_003, version: 3, procedure })
const [LOOKUP, READ] = [3, 6]

test('NfsServer answers the calls of one connection out of order when the disk is slow', async () => {
  const found = Promise.withResolvers<undefined>()
  const until = async (path: string): Promise<unknown> => (path.endsWith('/slow') ? found.promise : undefined)
  await using tree = await WritableDirectory.open(base, slowMedium(until))
  const exports = fixedExports([{ path: '/one', key: KEY, tree }])
  await using server = await NfsServer.listen({ exports, host: HOST, port: 0 })
  await using client = await RpcClient.connect({
    host: HOST,
    port: server.port,
    credential: user(process.getuid?.() ?? 0),
  })
  const mounted = await client.call(MOUNT, (w) => w.string('/one'))
  mounted.u32('status')
  const root = Buffer.from(mounted.opaque(64, 'handle'))
  const answered: string[] = []
  const lookup = async (name: string): Promise<Buffer> => {
    const reply = await client.call(nfs(LOOKUP), (w) => w.opaque(root).string(name))
    assert.equal(reply.u32('status'), 0, name)
    answered.push(name)
    return Buffer.from(reply.opaque(64, 'handle'))
  }
  const slow = lookup('slow') // asked first
  const quick = await lookup('quick')
  const reply = await client.call(nfs(READ), (w) => w.opaque(quick).u64(0).u32(100))
  assert.equal(reply.u32('status'), 0)
  found.resolve(undefined)
  await slow
  assert.deepEqual(answered, ['quick', 'slow'])
})
