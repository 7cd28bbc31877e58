import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { WritableDirectory } from '../writable-directory.ts'

const base = mkdtempSync(join(tmpdir(), 'netroot-fds-'))
after(() => rmSync(base, { recursive: true }))

test('DirectoryFds holds a bounded number of directories open for all trees, and all go on', async () => {
  const trees = await Promise.all(
    ['one', 'two'].map((name) => {
      for (let at = 0; at < 700; at += 1) mkdirSync(join(base, name, `d${at}`, 'below'), { recursive: true })
      return WritableDirectory.open(join(base, name))
    }),
  )
  const before = readdirSync('/proc/self/fd').length
  for (let round = 0; round < 2; round += 1) {
    for (const tree of trees) {
      for (const { node } of await tree.list(tree.root)) assert.ok((await tree.lookup(node, 'below')) !== undefined)
    }
  }
  assert.ok(readdirSync('/proc/self/fd').length <= before + 1024)
  for (const tree of trees) await tree.close()
  assert.ok(readdirSync('/proc/self/fd').length < before)
})
