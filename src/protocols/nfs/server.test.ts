import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RpcClient } from '../rpc/client.ts'
import type { XdrWriter } from '../rpc/xdr-writer.ts'
import { fixedExports } from './export.ts'
import { KEY, smallTree } from './harness.ts'
import type { MountEvent } from './mount/program.ts'
import { NfsServer } from './server.ts'

const HOST = '127.0.0.1'
const exportsOf = () => fixedExports([{ path: '/release/one', key: KEY, tree: smallTree() }])
const nfs = (procedure: number) => ({ program: 100_003, version: 3, procedure })

test('NfsServer serves MOUNT, NFS and the portmapper on one port', async () => {
  const mounts: MountEvent[] = []
  const onMount = (event: MountEvent): void => void mounts.push(event)
  await using server = await NfsServer.listen({ exports: exportsOf(), host: HOST, port: 0, onMount })
  await using client = await RpcClient.connect({ host: HOST, port: server.port })
  const mounted = await client.call({ program: 100_005, version: 3, procedure: 1 }, (w) => w.string('/release/one'))
  assert.equal(mounted.u32('status'), 0)
  const root = mounted.opaque(64, 'handle')
  const attributes = await client.call(nfs(1), (w) => w.opaque(root))
  assert.deepEqual([attributes.u32('status'), attributes.u32('type')], [0, 2])
  const port = await client.call({ program: 100_000, version: 2, procedure: 3 }, (w) =>
    w.u32(100_005).u32(3).u32(6).u32(0),
  )
  assert.equal(port.u32('port'), server.port)
  assert.deepEqual(
    mounts.map(({ address, status }) => [address, status]),
    [[HOST, 'ok']],
  )
})

test('NfsServer takes a handle that another one gave', async () => {
  const handles: Buffer[] = []
  for (let server = 0; server < 2; server += 1) {
    await using started = await NfsServer.listen({ exports: exportsOf(), host: HOST, port: 0 })
    await using client = await RpcClient.connect({ host: HOST, port: started.port })
    const lookup = (w: XdrWriter): unknown => w.opaque(handles[0] ?? Buffer.alloc(0))
    if (server === 0) {
      const mounted = await client.call({ program: 100_005, version: 3, procedure: 1 }, (w) => w.string('/release/one'))
      mounted.u32('status')
      handles.push(Buffer.from(mounted.opaque(64, 'handle')))
    } else assert.equal((await client.call(nfs(1), lookup)).u32('status'), 0)
  }
})
