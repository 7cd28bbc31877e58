import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WritableFile } from '../../storage/writable-tree.ts'
import { silent } from '../../sys/log.ts'
import { runSteps } from '../rpc/steps.ts'
import { commitFile } from './commit.ts'
import { WriteVerifier } from './write-verifier.ts'

/** An open file whose disk is broken. */
const broken: WritableFile = {
  size: 0,
  read: () => 0,
  write: async () => undefined,
  commit: () => Promise.reject(new Error('EIO: i/o error, fsync')),
  seek: async () => undefined,
  reserve: async () => undefined,
  close: async () => undefined,
}

test('commitFile() makes another verifier when the disk fails, so that all clients send again what is in doubt', async () => {
  const writeVerifier = new WriteVerifier()
  const before = writeVerifier.bytes
  const service = { writeVerifier, log: silent }
  await runSteps(commitFile({ ...broken, commit: async () => undefined }, service))
  assert.equal(writeVerifier.bytes, before)
  await assert.rejects(async () => runSteps(commitFile(broken, service)), /EIO/)
  assert.notDeepEqual(writeVerifier.bytes, before)
})
