import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, mock, test } from 'node:test'
import type { NodeId } from '../file-tree.ts'
import { describeTree } from '../model.ts'
import { OverlayTree } from '../overlay-tree.ts'
import { resolvePath } from '../paths.ts'
import { openTarTree } from '../tar-tree.ts'
import { LiveFile } from '../writable/live-file.ts'
import { WritableDirectory } from '../writable-directory.ts'
import { TreeError } from '../writable-tree.ts'

/* Each step of a change fails once: because the disk is full, or because the server is killed there. */

const base = fs.mkdtempSync(join(tmpdir(), 'netroot-faults-'))
after(() => fs.rmSync(base, { recursive: true }))
const OWNER = { mode: 0o644, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const DIRECTORY = { ...OWNER, mode: 0o755 }
const GUARDED = { kind: 'guarded' } as const

const LOWER = join(base, 'lower')
const TAR = join(base, 'lower.tar')
for (const path of ['a/x', 'b', 'e']) fs.mkdirSync(join(LOWER, path), { recursive: true })
for (const path of ['a/one', 'a/x/two', 'b/three', 'e/four']) fs.writeFileSync(join(LOWER, path), `release ${path}`)
for (const path of ['b/linked', 'a/x/linked']) fs.linkSync(join(LOWER, 'a/one'), join(LOWER, path))
execFileSync('tar', ['--format=pax', '--numeric-owner', '-C', LOWER, '-cf', TAR, '.'])

const at = async (tree: OverlayTree, path: string): Promise<NodeId> =>
  path === '' ? tree.root : ((await resolvePath(tree, path, 'keep')) ?? assert.fail(path))
const write = async (tree: OverlayTree, path: string): Promise<void> => {
  const file = await tree.open(await at(tree, path))
  await file.write(Buffer.from('mine'), 0)
  await file.close()
}

/** Done before: a file that was changed, a directory that looks empty, one that is hidden, one of the machine's own. */
async function prepare(tree: OverlayTree): Promise<void> {
  await write(tree, 'b/three')
  await tree.unlink(await at(tree, 'e'), 'four')
  await tree.makeDirectory(tree.root, 'own', DIRECTORY)
  await tree.createFile(await at(tree, 'own'), 'file', OWNER, GUARDED)
}

const CHANGES: Readonly<Record<string, (tree: OverlayTree) => Promise<unknown>>> = {
  'copies a file of three names up': async (tree) => tree.setAttributes(await at(tree, 'a/one'), { mode: 0o600 }),
  'makes a file': async (tree) => tree.createFile(await at(tree, 'a'), 'new', OWNER, GUARDED),
  'makes a file where one was deleted': async (tree) => tree.createFile(await at(tree, 'e'), 'four', OWNER, GUARDED),
  'makes a directory where a file was deleted': async (tree) => tree.makeDirectory(await at(tree, 'e'), 'four', OWNER),
  'links a file of the release': async (tree) => tree.link(await at(tree, 'a/x/two'), await at(tree, 'b'), 'two'),
  'deletes a file of the release': async (tree) => tree.unlink(await at(tree, 'a/x'), 'two'),
  'deletes a file that was changed': async (tree) => tree.unlink(await at(tree, 'b'), 'three'),
  'deletes one of three names': async (tree) => tree.unlink(await at(tree, 'b'), 'linked'),
  'deletes a directory of the release that was emptied': async (tree) => tree.removeDirectory(tree.root, 'e'),
  'moves a file of the release': async (tree) => tree.rename(await at(tree, 'a/x'), 'two', tree.root, 'two'),
  'moves a file of the release over one that was changed': async (tree) =>
    tree.rename(await at(tree, 'a/x'), 'two', await at(tree, 'b'), 'three'),
  'moves a changed file over one of the release': async (tree) =>
    tree.rename(await at(tree, 'b'), 'three', await at(tree, 'a/x'), 'two'),
  'moves a directory over one of the release that was emptied': async (tree) =>
    tree.rename(tree.root, 'own', tree.root, 'e'),
  'moves a directory to where a file was deleted': async (tree) =>
    tree.rename(tree.root, 'own', await at(tree, 'e'), 'four'),
}

const STEPS = [
  'createFile',
  'makeDirectory',
  'makeNode',
  'link',
  'rename',
  'renameToWhiteout',
  'exchange',
  'unlink',
  'removeDirectory',
  'setAttributes',
  'setXattr',
] as const
/** What a full disk refuses; the rest needs no room. */
const NEEDS_ROOM: ReadonlySet<string> = new Set([
  'createFile',
  'makeDirectory',
  'makeNode',
  'link',
  'rename',
  'renameToWhiteout',
  'exchange',
  'setXattr',
  'write',
])

/** Lets the steps before `failing` be done, then throws: at that one alone, or at all from there on. */
function inject(
  failing: number,
  how: 'full' | 'killed',
): { readonly reached: () => boolean; readonly end: () => void } {
  let count = 0
  const guard = (name: string, original: (...words: never[]) => unknown) =>
    function (this: unknown, ...words: never[]): unknown {
      if (how === 'killed' || NEEDS_ROOM.has(name)) count += 1
      if (how === 'full' ? count === failing && NEEDS_ROOM.has(name) : count >= failing)
        throw new TreeError('ENOSPC', `at step ${count}, ${name}`)
      return Reflect.apply(original, this, words)
    }
  const mocks = STEPS.map((name) => {
    const original: (...words: never[]) => unknown = WritableDirectory.prototype[name]
    return mock.method(WritableDirectory.prototype, name, guard(name, original))
  })
  const original = Object.getOwnPropertyDescriptor(LiveFile.prototype, 'write')?.value as (...words: never[]) => unknown
  mocks.push(mock.method(LiveFile.prototype, 'write', guard('write', original)))
  return { reached: () => count >= failing, end: () => mocks.forEach((one) => one.mock.restore()) }
}

const reopen = async (path: string): Promise<OverlayTree> => OverlayTree.open(await openTarTree(TAR), 'key', path)

let count = 0
/** The change with that fault in it: what was there before, and what is there after the server was started anew. */
async function faulty(change: (tree: OverlayTree) => Promise<unknown>, failing: number, how: 'full' | 'killed') {
  const path = join(base, String((count += 1)))
  await using tree = await reopen(path)
  await prepare(tree)
  const before = await describeTree(tree)
  const faults = inject(failing, how)
  const error = await change(tree).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  const reached = faults.reached()
  faults.end()
  const live = await describeTree(tree)
  await tree.close()
  await using again = await reopen(path)
  return { before, live, after: await describeTree(again), error, reached }
}

for (const [name, change] of Object.entries(CHANGES)) {
  test(`OverlayTree ${name} as a whole or not at all, when the disk is full at any step`, async () => {
    for (let failing = 1; ; failing += 1) {
      const { before, live, after: later, error, reached } = await faulty(change, failing, 'full')
      if (!reached) return assert.equal(error, undefined)
      if (error === undefined) continue // it found another way
      assert.ok(error instanceof TreeError && error.code === 'ENOSPC', name)
      assert.deepEqual(live, before, error.message)
      assert.deepEqual(later, before, error.message)
    }
  })

  test(`OverlayTree ${name} as a whole or not at all, when the server is killed at any step`, async () => {
    const done = await faulty(change, Infinity, 'killed')
    assert.equal(done.error, undefined)
    for (let failing = 1; ; failing += 1) {
      const { before, after: later, error, reached } = await faulty(change, failing, 'killed')
      if (!reached) return
      const isWhole =
        [...later].every(([path, what]) => done.after.get(path) === what) && later.size === done.after.size
      if (!isWhole) assert.deepEqual(later, before, String(error))
    }
  })
}
