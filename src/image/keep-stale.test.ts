import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { askForUpdate } from './keep-stale.ts'

test('askForUpdate() makes systemd believe that /usr is newer, where the machine has an /etc or /var of its own', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'netroot-stale-'))
  t.after(() => rm(directory, { recursive: true }))
  await mkdir(join(directory, 'upper/etc'), { recursive: true })
  await writeFile(join(directory, 'upper/etc/.updated'), 'TIMESTAMP_NSEC=1795000000000000000\n')
  await askForUpdate(directory)
  const { mtimeMs, size } = await stat(join(directory, 'upper/etc/.updated'))
  assert.deepEqual([mtimeMs, size], [0, 0])
  assert.deepEqual(await readdir(join(directory, 'upper')), ['etc'])
})
