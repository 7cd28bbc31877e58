import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeFileAtomic } from './files.ts'

test('writeFileAtomic() replaces a file and leaves nothing beside it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'netroot-files-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'state')
  await writeFile(path, 'old')
  await writeFileAtomic(path, 'new')
  assert.equal(await readFile(path, 'utf8'), 'new')
  assert.deepEqual(await readdir(folder), ['state'])
})

test('writeFileAtomic() keeps the old content when the new cannot be written', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'netroot-files-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'state')
  await writeFile(path, 'old')
  const failing = writeFileAtomic(path, async (file) => {
    await file.write('half')
    throw new Error('disk is full')
  })
  await assert.rejects(failing, /disk is full/)
  assert.equal(await readFile(path, 'utf8'), 'old')
  assert.deepEqual(await readdir(folder), ['state'])
})
