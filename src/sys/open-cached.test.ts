import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, lstatSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadLibc } from './libc.ts'
import { openCached } from './open-cached.ts'

const base = mkdtempSync(join(tmpdir(), 'netroot-cached-'))
const directory = openSync(base, 'r')
after(() => {
  closeSync(directory)
  rmSync(base, { recursive: true })
})
const skip =
  (await loadLibc()) === undefined || openCached(directory, '.') === undefined ? 'the system cannot tell' : false

test('openCached() finds what was looked at before, and follows no symlink', { skip }, () => {
  writeFileSync(join(base, 'plain'), 'text')
  symlinkSync('/etc/passwd', join(base, 'link'))
  for (const name of ['plain', 'link', '\xff'.repeat(255)]) {
    const path = Buffer.from(`${base}/${name}`, 'latin1')
    if (name.length === 255) writeFileSync(path, '')
    const stats = lstatSync(path)
    const fd = openCached(directory, name)
    assert.equal(typeof fd, 'number', name)
    if (typeof fd !== 'number') continue
    assert.deepEqual([fstatSync(fd).ino, fstatSync(fd).mode], [stats.ino, stats.mode])
    closeSync(fd)
  }
})

test('openCached() asks no medium for a name that nobody ever looked up', { skip }, () => {
  assert.equal(openCached(directory, randomBytes(16).toString('hex')), 'waits')
})

test('openCached() cannot tell of a directory that is none', { skip }, () => {
  assert.equal(openCached(-1, 'plain'), undefined)
})
