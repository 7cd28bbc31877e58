import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ByteSource } from '../../storage/byte-source.ts'
import { type TarTree, openTarTree } from '../../storage/tar-tree.ts'
import { run } from '../../sys/run.ts'
import { withoutFfi } from '../../sys/testing.ts'
import { RpcClient } from '../rpc/client.ts'
import { fixedExports } from './export.ts'
import { KEY, ROOT_CREDENTIAL } from './harness.ts'
import { NfsServer } from './server.ts'

const HOST = '127.0.0.1'
const MIB = 2 ** 20
/** No multiple of four: the last reply is padded. */
const FILE_BYTES = 9 * MIB + 3
const content = randomBytes(FILE_BYTES)
const base = mkdtempSync(join(tmpdir(), 'netroot-long-'))
const [GETATTR, LOOKUP, READ] = [1, 3, 6]
const nfs = (procedure: number) => ({ program: 100_003, version: 3, procedure })

/** The release, and how often its file was read by netroot itself. */
let tree: TarTree
let reads = 0
before(async () => {
  writeFileSync(join(base, 'file'), content)
  await run('tar', ['-C', base, '-cf', join(base, 'release.tar'), 'file'])
  tree = await openTarTree(join(base, 'release.tar'))
  const open = tree.open.bind(tree)
  tree.open = (node): ByteSource => {
    const source = open(node)
    const read: ByteSource['read'] = (target, position) => {
      reads += 1
      return source.read(target, position)
    }
    const place = source.place === undefined ? undefined : { ...source.place, read }
    return { size: source.size, read, place, close: () => source.close() }
  }
})
after(async () => {
  await tree.close()
  rmSync(base, { recursive: true })
})

async function serve(): Promise<NfsServer> {
  const exports = fixedExports([{ path: '/one', key: KEY, tree }])
  return NfsServer.listen({ exports, host: HOST, port: 0 })
}
async function connectTo({ port }: NfsServer): Promise<RpcClient> {
  return RpcClient.connect({ host: HOST, port, credential: ROOT_CREDENTIAL })
}
async function fileHandle(client: RpcClient): Promise<Buffer> {
  const mounted = await client.call({ program: 100_005, version: 3, procedure: 1 }, (w) => w.string('/one'))
  assert.equal(mounted.u32('status'), 0)
  const root = mounted.opaque(64, 'handle')
  const found = await client.call(nfs(LOOKUP), (w) => w.opaque(root).string('file'))
  assert.equal(found.u32('status'), 0)
  return Buffer.from(found.opaque(64, 'handle'))
}
async function readPart(client: RpcClient, file: Buffer, offset: number, count: number) {
  const reply = await client.call(nfs(READ), (w) => w.opaque(file).u64(offset).u32(count))
  assert.equal(reply.u32('status'), 0)
  reply.fixed(88, 'attributes')
  const said = reply.u32('count')
  const isEnd = reply.bool('eof')
  const bytes = Buffer.from(reply.opaque(count, 'data'))
  assert.deepEqual([said, reply.remaining], [bytes.byteLength, 0])
  return { bytes, isEnd }
}

test('NfsServer answers long READs with the right bytes, many on their way, short calls between them', async () => {
  await using server = await serve()
  await using client = await connectTo(server)
  const file = await fileHandle(client)
  const parts = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((at) => [at * MIB, MIB] as const)
  const odd = [1, 33_333, 65_535, 100_001].map((length) => [length * 7, length] as const)
  const answers = await Promise.all(
    [...parts, ...odd, ...parts].map(async ([offset, count]) => {
      const reading = readPart(client, file, offset, count)
      const attributes = await client.call(nfs(GETATTR), (w) => w.opaque(file))
      assert.deepEqual([attributes.u32('status'), attributes.u32('type')], [0, 1])
      return { offset, count, ...(await reading) }
    }),
  )
  for (const { offset, count, bytes, isEnd } of answers) {
    assert.ok(bytes.equals(content.subarray(offset, offset + count)), `${count} bytes at ${offset}`)
    assert.equal(isEnd, offset + count >= FILE_BYTES)
  }
})

test('NfsServer does not read what is in memory to answer a long READ', { skip: withoutFfi }, async () => {
  await using server = await serve()
  await using client = await connectTo(server)
  const file = await fileHandle(client)
  await readPart(client, file, 0, MIB) // it is in memory now
  reads = 0
  const { bytes } = await readPart(client, file, 0, MIB)
  assert.ok(bytes.equals(content.subarray(0, MIB)))
  assert.equal(reads, 0)
})

test('NfsServer answers others while a client takes none of its long replies', async () => {
  await using server = await serve()
  await using slow = await connectTo(server)
  await using quick = await connectTo(server)
  const file = await fileHandle(slow)
  slow.socket.pause()
  const late = Array.from({ length: 64 }, (_, at) => readPart(slow, file, (at % 9) * MIB, MIB))
  for (let at = 0; at < 9; at += 1) {
    const { bytes } = await readPart(quick, file, at * MIB, MIB)
    assert.ok(bytes.equals(content.subarray(at * MIB, (at + 1) * MIB)))
  }
  slow.socket.resume()
  for (const [at, { bytes }] of (await Promise.all(late)).entries()) {
    assert.ok(bytes.equals(content.subarray((at % 9) * MIB, ((at % 9) + 1) * MIB)), `reply ${at}`)
  }
})
