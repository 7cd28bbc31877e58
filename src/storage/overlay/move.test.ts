import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { MemoryTree } from '../memory-tree.ts'
import { OverlayTree } from '../overlay-tree.ts'
import { readPath, resolvePath } from '../paths.ts'
import { moveOverlay } from './move.ts'

const base = fs.mkdtempSync(join(tmpdir(), 'netroot-move-'))
after(() => fs.rmSync(base, { recursive: true }))
const OWNER = { mode: 0o644, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const GUARDED = { kind: 'guarded' } as const

const OLD = new MemoryTree([
  { path: 'etc/same', content: 'same' },
  { path: 'etc/both', content: 'old' },
  { path: 'etc/here', content: 'old' },
  { path: 'etc/dropped', content: 'old' },
  { path: 'etc/deleted', content: 'old' },
  { path: 'etc/deleted-both', content: 'old' },
  { path: 'etc/gone', content: 'old' },
])
const NEW = new MemoryTree([
  { path: 'etc/new', content: 'new' },
  { path: 'etc/same', content: 'same' },
  { path: 'etc/both', content: 'new' },
  { path: 'etc/here', content: 'old' },
  { path: 'etc/deleted', content: 'new' },
  { path: 'etc/gone', content: 'old' },
  { path: 'etc/mine', content: 'new' },
])

async function changed(path: string): Promise<void> {
  await using tree = await OverlayTree.open(OLD, 'old', path)
  const etc = (await resolvePath(tree, 'etc')) ?? assert.fail()
  for (const name of ['both', 'here', 'dropped']) {
    const file = await tree.open((await tree.lookup(etc, name)) ?? assert.fail())
    await file.write(Buffer.from('my'), 0)
    await file.close()
  }
  for (const name of ['deleted', 'deleted-both', 'gone']) await tree.unlink(etc, name)
  await tree.createFile(etc, 'mine', OWNER, GUARDED)
  await tree.createFile(etc, 'own', OWNER, GUARDED)
}

test('moveOverlay() keeps what the client has and tells what both sides changed', async () => {
  const path = join(base, 'client')
  await changed(path)
  const wanted = [
    { path: 'etc/both', here: 'changed', release: 'changed' },
    { path: 'etc/deleted', here: 'deleted', release: 'changed' },
    { path: 'etc/dropped', here: 'changed', release: 'removed' },
    { path: 'etc/mine', here: 'made', release: 'added' },
  ]
  const sorted = (list: readonly { readonly path: string }[]) => list.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const [from, to] = [
    { tree: OLD, key: 'old' },
    { tree: NEW, key: 'new' },
  ]
  assert.deepEqual(sorted(await moveOverlay(path, from, to, { dryRun: true })), wanted)
  assert.deepEqual(sorted(await moveOverlay(path, from, to)), wanted)
  await using tree = await OverlayTree.open(NEW, 'new', path)
  const etc = (await resolvePath(tree, 'etc')) ?? assert.fail()
  const names = (await tree.list(etc)).map(({ name }) => name).toSorted()
  assert.deepEqual(names, ['both', 'dropped', 'here', 'mine', 'new', 'own', 'same'])
  assert.equal(String(await readPath(tree, 'etc/both')), 'myd')
  assert.equal(String(await readPath(tree, 'etc/new')), 'new')
  assert.deepEqual(fs.readdirSync(join(path, 'upper/etc')).includes('deleted-both'), false)
  await assert.rejects(moveOverlay(path, from, to), /holds changes of release new, not of old/)
})
