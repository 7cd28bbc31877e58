import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wordsOf } from './event-words.ts'
import type { KeepEvent } from './keep-events.ts'

const at = 0
const release = 'ab'.repeat(32)

test('wordsOf() tells what became of a directory that is kept, with nothing raw in it', () => {
  const says = (event: KeepEvent): string => wordsOf(event).what
  const opened = { type: 'keep.opened', at, release, isNew: false, isGiven: false } as const
  assert.equal(says(opened), 'writes into its own directory, above abababababab…')
  assert.equal(says({ ...opened, isNew: true }), `${says(opened)}; nothing is in it yet`)
  const moved = { ...opened, movedFrom: 'cd'.repeat(32), isGiven: true }
  assert.equal(says(moved), `${says(opened)}; moved there from cdcdcdcdcdcd…; another machine had it before`)
  assert.ok(!says({ type: 'keep.refused', at, why: 'a\x1b[2J' }).includes('\x1b'))
  const others = [
    { type: 'keep.full', at, isQuota: true },
    { type: 'keep.full', at, isQuota: false },
    { type: 'keep.room', at },
    { type: 'keep.freed', at, why: 'silent' },
    { type: 'keep.freed', at, why: 'shutdown' },
  ] as const
  assert.deepEqual(others.map(says), [
    'its own directory may not grow: the quota is used up',
    'no room for what it writes',
    'there is room again for what it writes',
    'not heard of: its own directory is free',
    'its own directory is free',
  ])
})
