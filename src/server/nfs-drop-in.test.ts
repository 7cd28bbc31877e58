import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { dropIn } from '../exports/drop-in.ts'
import { readNfsNote, withdrawNfsDropIn, writeNfsDropIn, writeNfsNote } from './nfs-drop-in.ts'
import { temporaryDirectory } from './testing.ts'

const TEXT = dropIn({ daemon: 'exports', comment: '#', body: '"/srv/a" 10.0.0.0/24(ro)\n' }, 'netroot.yaml')
const NEWER = dropIn({ daemon: 'exports', comment: '#', body: '"/srv/b" 10.0.0.0/24(ro)\n' }, 'netroot.yaml')

/** A file that was written for a server, whose command to read it again leaves a mark. */
async function written(t: TestContext, server: 'kernel' | 'ganesha', text = TEXT) {
  const state = await temporaryDirectory(t)
  const file = join(state, 'netroot.exports')
  const mark = join(state, 'reloaded')
  await writeNfsNote(state, { server, file, reload: ['cp', '/proc/self/comm', mark], releases: [] })
  await writeFile(file, text)
  const told: string[] = []
  const telling = { say: (one: string) => void told.push(one), warn: (one: string) => void told.push(one) }
  return { state, file, told, telling, isReloaded: () => readFile(mark).then(Boolean, () => false) }
}

test('writeNfsDropIn() writes only what is not there yet, and nothing over what others wrote', async (t) => {
  const file = join(await temporaryDirectory(t), 'netroot.exports')
  await writeFile(file, '\n')
  assert.equal(await writeNfsDropIn(file, TEXT), true, 'an empty one is no matter')
  assert.equal(await writeNfsDropIn(file, TEXT), false)
  assert.equal(await writeNfsDropIn(file, NEWER), true)
  await writeFile(file, `${NEWER}/srv/mine *(rw)\n`)
  await assert.rejects(writeNfsDropIn(file, TEXT), /was changed by hand since netroot made it; look at it and move it/)
  await writeFile(file, '/srv/mine *(rw)\n')
  await assert.rejects(writeNfsDropIn(file, TEXT), /was not made by netroot/)
  assert.equal(await readFile(file, 'utf8'), '/srv/mine *(rw)\n')
})

test('writeNfsDropIn() says which file it is where its directory is missing', async (t) => {
  const file = join(await temporaryDirectory(t), 'none/netroot.conf')
  await assert.rejects(writeNfsDropIn(file, TEXT), /Cannot write .*none\/netroot\.conf, the drop-in file that nfs:/)
})

test('withdrawNfsDropIn() removes the exports of a kernel that is used no more, and has it read what is left', async (t) => {
  const { state, file, told, telling, isReloaded } = await written(t, 'kernel')
  await withdrawNfsDropIn(state, telling, file)
  assert.deepEqual(told, [], 'it is in force')
  await withdrawNfsDropIn(state, telling)
  await assert.rejects(readFile(file), { code: 'ENOENT' })
  assert.match(told.join(), /netroot\.exports removed: nfs: in netroot\.yaml names that server no more/)
  assert.equal(await isReloaded(), true)
  assert.equal(await readNfsNote(state), undefined)
})

test("withdrawNfsDropIn() leaves ganesha's file without exports, since its configuration includes it", async (t) => {
  const { state, file, told, telling, isReloaded } = await written(t, 'ganesha')
  await withdrawNfsDropIn(state, telling)
  assert.doesNotMatch(await readFile(file, 'utf8'), /^[^#\n]/m)
  assert.match(told.join(), /emptied/)
  assert.equal(await isReloaded(), true)
})

test('withdrawNfsDropIn() leaves alone what somebody has changed', async (t) => {
  const { state, file, told, telling, isReloaded } = await written(t, 'kernel', `${TEXT}/srv/mine *(rw)\n`)
  await withdrawNfsDropIn(state, telling)
  assert.match(await readFile(file, 'utf8'), /mine/)
  assert.match(told.join(), /stays: somebody has changed it/)
  assert.equal(await isReloaded(), false)
})
