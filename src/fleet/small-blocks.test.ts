import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wordsOf } from './event-words.ts'
import type { TftpFile } from './events.ts'

const SENT: TftpFile = {
  type: 'tftp.file',
  at: 0,
  name: 'undionly.kpxe',
  outcome: 'sent',
  bytes: 70_000,
  durationMs: 1,
  blockSize: 512,
}

test('wordsOf() names a client that fetches a large file in small blocks', () => {
  assert.equal(wordsOf(SENT).what, 'undionly.kpxe sent, in blocks of 512 bytes, which is slow')
  for (const fast of [{ blockSize: 1456 }, { bytes: 2000 }]) {
    assert.equal(wordsOf({ ...SENT, ...fast }).what, 'undionly.kpxe sent')
  }
})
