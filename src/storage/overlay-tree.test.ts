import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileTreeConformance } from './conformance.ts'
import { type FileTree, type NodeId, StaleNodeError } from './file-tree.ts'
import { OverlayTree } from './overlay-tree.ts'
import { readPath, resolvePath } from './paths.ts'
import { makeSpecimens } from './specimen-directory.ts'
import { openTarTree } from './tar-tree.ts'
import { type Ownership, TreeError, type TreeErrorCode } from './writable-tree.ts'

const base = fs.mkdtempSync(join(tmpdir(), 'netroot-overlay-'))
after(() => fs.rmSync(base, { recursive: true }))
const isRoot = process.geteuid?.() === 0
const OWNER: Ownership = { mode: 0o644, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const DIRECTORY: Ownership = { ...OWNER, mode: 0o755 }
const GETFATTR = 'getfattr'
const GUARDED = { kind: 'guarded' } as const

makeSpecimens(join(base, 'specimens'))
const SPECIMENS_TAR = join(base, 'specimens.tar')
execFileSync('tar', [
  '--format=pax',
  '--numeric-owner',
  '--sparse',
  '-C',
  join(base, 'specimens'),
  '-cf',
  SPECIMENS_TAR,
  '.',
])
// Made before the first test: `after` runs when all tests that are known have ended.
const copied = join(base, 'copied')
{
  await using tree = await OverlayTree.open(await openTarTree(SPECIMENS_TAR), 'key', copied)
  for (const path of ['etc/hostname', 'bin/alias', 'usr/lib/sparse', 'usr/lib/pipe', 'usr/lib']) {
    const node = (await resolvePath(tree, path)) ?? assert.fail(path)
    const { modified } = await tree.attributes(node)
    await tree.setAttributes(node, { modified }) // copies it up
  }
}
const untouched = join(base, 'untouched')
fileTreeConformance('OverlayTree of what nobody changed', async () =>
  OverlayTree.open(await openTarTree(SPECIMENS_TAR), 'key', untouched),
)
fileTreeConformance('OverlayTree of what was copied up', async () =>
  OverlayTree.open(await openTarTree(SPECIMENS_TAR), 'key', copied),
)

let count = 0
/** A new overlay above the specimens. */
async function fresh(): Promise<{ readonly tree: OverlayTree; readonly path: string } & AsyncDisposable> {
  const path = join(base, String((count += 1)))
  const tree = await OverlayTree.open(await openTarTree(SPECIMENS_TAR), 'key', path)
  return { tree, path, [Symbol.asyncDispose]: () => tree.close() }
}

async function refused(code: TreeErrorCode, call: () => unknown): Promise<void> {
  await assert.rejects(
    async () => await call(),
    (error) => error instanceof TreeError && error.code === code,
    `want ${code}`,
  )
}

const at = async (tree: OverlayTree, path: string): Promise<NodeId> =>
  (await resolvePath(tree, path, 'keep')) ?? assert.fail(path)
const text = async (tree: OverlayTree, path: string): Promise<string> => String(await readPath(tree, path))
const names = async (tree: OverlayTree, path: string): Promise<string[]> =>
  (await tree.list(await at(tree, path))).map(({ name }) => name).toSorted()

async function write(tree: OverlayTree, node: NodeId, content: string): Promise<void> {
  const file = await tree.open(node)
  await file.write(Buffer.from(content), 0)
  await file.close()
}

test('OverlayTree copies a file up when it is written, and keeps its node over that and a restart [FB56]', async () => {
  await using made = await fresh()
  const { tree, path } = made
  const node = await at(tree, 'etc/hostname')
  const reader = await tree.open(node)
  await write(tree, node, 'mine')
  const target = Buffer.alloc(9)
  assert.equal(await reader.read(target, 0), 9) // opened before, reads what is there now
  assert.equal(target.toString(), 'mineless\n')
  await reader.close()
  assert.equal(await at(tree, 'etc/hostname'), node)
  assert.equal(fs.readFileSync(join(path, 'upper/etc/hostname'), 'utf8'), 'mineless\n')
  assert.equal(fs.statSync(join(path, 'upper/etc/hostname')).mode & 0o7777, 0o640)
  assert.deepEqual(fs.readdirSync(join(path, 'upper')), ['etc']) // it costs what was changed
  await tree.close()
  await using again = await OverlayTree.open(await openTarTree(SPECIMENS_TAR), 'key', path)
  assert.equal((await again.attributes(node)).size, 9)
  assert.equal(await at(again, 'etc/hostname'), node)
})

test('OverlayTree copies all names of a file up as links of one file', async () => {
  await using made = await fresh()
  const { tree, path } = made
  const node = await at(tree, 'bin/alias')
  await tree.setAttributes(node, { mode: 0o700 })
  assert.equal(fs.statSync(join(path, 'upper/bin/tool')).nlink, 2)
  assert.equal((await tree.attributes(await at(tree, 'bin/tool'))).mode, 0o700)
  assert.equal((await tree.attributes(node)).linkCount, 2)
})

test('OverlayTree deletes by whiteouts and hides by opaque directories, for good', async () => {
  await using made = await fresh()
  const { tree, path } = made
  const etc = await at(tree, 'etc')
  const old = await at(tree, 'etc/hostname')
  await refused('ENOTEMPTY', () => tree.removeDirectory(tree.root, 'etc'))
  await tree.unlink(etc, 'hostname')
  await assert.rejects(async () => await tree.attributes(old), StaleNodeError)
  assert.equal(fs.lstatSync(join(path, 'upper/etc/hostname')).rdev, 0)
  assert.ok(fs.lstatSync(join(path, 'upper/etc/hostname')).isCharacterDevice())
  await tree.unlink(etc, 'empty')
  await tree.removeDirectory(tree.root, 'etc')
  assert.deepEqual(await names(tree, '.'), ['absolute', 'bin', 'lib', 'loop', 'outside', 'usr'])
  const anew = await tree.makeDirectory(tree.root, 'etc', DIRECTORY)
  assert.deepEqual(await tree.list(anew), [])
  await assert.rejects(async () => await tree.attributes(etc), StaleNodeError)
  const flags = ['-n', isRoot ? 'trusted.overlay.opaque' : 'user.overlay.opaque', '--only-values']
  assert.equal(String(execFileSync(GETFATTR, [...flags, 'etc'], { cwd: join(path, 'upper') })), 'y')
  await tree.close()
  await using again = await OverlayTree.open(await openTarTree(SPECIMENS_TAR), 'key', path)
  assert.deepEqual(await again.list(anew), [])
  await assert.rejects(async () => await again.attributes(old), StaleNodeError)
})

test('OverlayTree renames files of the release, and leaves directories of the release to be copied', async () => {
  await using made = await fresh()
  const { tree } = made
  const etc = await at(tree, 'etc')
  const node = await at(tree, 'etc/hostname')
  await tree.rename(etc, 'hostname', tree.root, 'renamed')
  assert.deepEqual([await at(tree, 'renamed'), await tree.lookup(etc, 'hostname')], [node, undefined])
  await tree.rename(tree.root, 'renamed', etc, 'empty') // replaces a file of the release
  assert.equal(await text(tree, 'etc/empty'), 'diskless\n')
  await tree.rename(etc, 'empty', etc, 'hostname') // back where it was
  assert.deepEqual(await names(tree, 'etc'), ['hostname'])
  await refused('EXDEV', () => tree.rename(tree.root, 'etc', tree.root, 'etc2'))
  const made2 = await tree.makeDirectory(tree.root, 'new', DIRECTORY)
  await tree.createFile(made2, 'file', OWNER, GUARDED)
  await refused('ENOTEMPTY', () => tree.rename(tree.root, 'new', tree.root, 'etc'))
  await tree.unlink(etc, 'hostname')
  await tree.rename(tree.root, 'new', tree.root, 'etc') // onto an empty directory of the release
  assert.deepEqual(await names(tree, 'etc'), ['file'])
})

test('OverlayTree makes what is new, over deleted names too', async () => {
  await using made = await fresh()
  const { tree } = made
  const etc = await at(tree, 'etc')
  await refused('EEXIST', () => tree.createFile(etc, 'hostname', OWNER, GUARDED))
  const kept = await tree.createFile(etc, 'hostname', OWNER, { kind: 'unchecked' })
  assert.deepEqual(kept, { node: await at(tree, 'etc/hostname'), made: false })
  await tree.unlink(etc, 'hostname')
  const anew = await tree.createFile(etc, 'hostname', OWNER, GUARDED)
  assert.ok(anew.made && anew.node !== kept.node)
  assert.equal((await tree.attributes(anew.node)).size, 0)
  await tree.unlink(etc, 'empty')
  await tree.makeSymlink(etc, 'empty', 'hostname', OWNER)
  await tree.link(await at(tree, 'bin/tool'), etc, 'linked')
  assert.equal((await tree.attributes(await at(tree, 'bin/tool'))).linkCount, 3)
  assert.deepEqual(await names(tree, 'etc'), ['empty', 'hostname', 'linked'])
  await refused('EPERM', () => tree.makeNode(etc, 'x', { type: 'character', device: { major: 0, minor: 0 } }, OWNER))
  await refused('EPERM', () => tree.setXattr(etc, 'trusted.overlay.opaque', Buffer.from('y'), 'either'))
})

test('OverlayTree refuses a directory that belongs to another release', async () => {
  await using made = await fresh()
  await assert.rejects(
    async () => OverlayTree.open(await openTarTree(SPECIMENS_TAR), 'other', made.path),
    /holds changes of release key, not of other: move it first/,
  )
})

test('OverlayTree waits for a release that reads its directories in slices', async () => {
  const tar = await openTarTree(SPECIMENS_TAR)
  const later: FileTree = {
    root: tar.root,
    close: () => tar.close(),
    attributes: (node) => tar.attributes(node),
    parent: (node) => tar.parent(node),
    readLink: (node) => tar.readLink(node),
    open: (node) => tar.open(node),
    extendedAttributes: (node) => tar.extendedAttributes(node),
    statistics: () => tar.statistics(),
    lookup: async (directory, name) => tar.lookup(directory, name),
    list: async (directory) => tar.list(directory),
  }
  await using tree = await OverlayTree.open(later, 'key', join(base, 'later'))
  assert.equal(await text(tree, 'etc/hostname'), 'diskless\n')
  await write(tree, await at(tree, 'etc/hostname'), 'mine')
  assert.equal(await text(tree, 'etc/hostname'), 'mineless\n')
})
