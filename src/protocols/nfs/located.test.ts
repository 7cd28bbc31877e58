import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InUseError } from '../../sys/claim.ts'
import { type Logger, silent } from '../../sys/log.ts'
import { RpcClient } from '../rpc/client.ts'
import type { XdrWriter } from '../rpc/xdr-writer.ts'
import { encodeHandle } from './handle.ts'
import { KEY } from './harness.ts'
import { NfsServer } from './server.ts'
import { NFS3 } from './v3/constants.ts'
import { OP } from './v4/constants.ts'
import { NFS4 } from './v4/status.ts'

test('a machine is told to try later while another server still has its root open, and the log says which', async () => {
  const exports = {
    byPath: () => undefined,
    byKey: async () => Promise.reject(new InUseError('keep/pc7 is in use by process 812 on boot1: stop it first')),
    paths: () => [],
  }
  const causes: string[] = []
  const log: Logger = { ...silent, warn: (_, fields) => void causes.push(String(fields?.['cause'])) }
  await using server = await NfsServer.listen({ exports, log, host: '127.0.0.1', port: 0 })
  await using client = await RpcClient.connect({ host: '127.0.0.1', port: server.port })
  const status = async (version: number, write: (w: XdrWriter) => unknown): Promise<number> =>
    (await client.call({ program: 100_003, version, procedure: 1 }, write)).u32('status')
  assert.equal(await status(3, (w) => encodeHandle(w, KEY, 1)), NFS3.tryLater)
  const putHandle = (w: XdrWriter): void => {
    w.string('tag').u32(0).u32(1).u32(OP.putHandle)
    encodeHandle(w, KEY, 1)
  }
  assert.equal(await status(4, putHandle), NFS4.delay)
  assert.equal(causes.length, 2)
  assert.match(causes[0] ?? '', /in use by process 812 on boot1/)
})
