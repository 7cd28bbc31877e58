import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silent } from '../../sys/log.ts'
import { fixedExports } from './export.ts'
import { KEY, smallTree } from './harness.ts'
import { probeExport } from './probe.ts'
import { NfsServer } from './server.ts'

test('probeExport() walks a path as a machine does, and tells where it ends', async () => {
  const exports = fixedExports([{ path: '/release/one', key: KEY, tree: smallTree() }])
  await using server = await NfsServer.listen({ host: '127.0.0.1', port: 0, exports, log: silent })
  const at = { host: '127.0.0.1', port: server.port }
  assert.deepEqual(await probeExport({ ...at, path: '/release/one' }), { kind: 'has', isNumeric: true })
  assert.deepEqual(await probeExport({ ...at, path: '/release/one/etc' }), { kind: 'has', isNumeric: true })
  assert.deepEqual(await probeExport({ ...at, path: '/release/two/etc' }), {
    kind: 'lacks',
    at: '/release/two',
    status: 2,
  })
})

test('probeExport() says that nobody listens', async () => {
  const server = await NfsServer.listen({ host: '127.0.0.1', port: 0, exports: fixedExports([]), log: silent })
  const { port } = server
  await server.close()
  await assert.rejects(probeExport({ host: '127.0.0.1', port, path: '/' }), { code: 'ECONNREFUSED' })
})
