import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeepRoomWatch } from './keep-room.ts'

const SPACE = { totalBytes: 1e9, freeBytes: 0, availableBytes: 0, totalNodes: 1000, freeNodes: 900 }

test('KeepRoomWatch tells once that there is no room, and once that there is again', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] })
  let availableBytes = 4096
  const told: string[] = []
  const watch = new KeepRoomWatch({ space: () => ({ ...SPACE, availableBytes }) }, ({ type }) => void told.push(type))
  const later = async (): Promise<void> => {
    t.mock.timers.tick(60_000)
    await new Promise(setImmediate)
  }
  watch.refused('EEXIST')
  assert.deepEqual(told, [])
  watch.refused('ENOSPC')
  watch.refused('ENOSPC')
  await later()
  assert.deepEqual(told, ['keep.full'], 'one block is no room')
  availableBytes = 1e8
  await later()
  await later()
  assert.deepEqual(told, ['keep.full', 'keep.room'])
  watch.refused('EDQUOT')
  watch[Symbol.dispose]()
  await later()
  assert.deepEqual(told, ['keep.full', 'keep.room', 'keep.full'])
  const toldLater: string[] = []
  const again = new KeepRoomWatch(
    { space: () => ({ ...SPACE, availableBytes }) },
    ({ type }) => void toldLater.push(type),
    true,
  )
  await later()
  assert.deepEqual(toldLater, ['keep.room'], 'the server was started again meanwhile')
  again[Symbol.dispose]()
})
