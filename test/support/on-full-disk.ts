// Run with a directory on a small file system of its own: fills it, and uses what machines keep there all the same.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Keeps } from '../../src/image/keeps.ts'
import type { NodeId } from '../../src/storage/file-tree.ts'
import { OverlayTree } from '../../src/storage/overlay-tree.ts'
import { tieTo } from '../../src/storage/overlay/parts.ts'
import { describeTree } from '../../src/storage/model.ts'
import { resolvePath } from '../../src/storage/paths.ts'
import { openTarTree } from '../../src/storage/tar-tree.ts'

const MAC = '52:54:00:00:00:07'
const OWNER = { mode: 0o644, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const ENOSPC = { code: 'ENOSPC' }
const base = mkdtempSync(join(tmpdir(), 'netroot-full-'))
process.on('exit', () => rmSync(base, { recursive: true }))
mkdirSync(join(base, 'lower/usr'), { recursive: true })
writeFileSync(join(base, 'lower/usr/large'), Buffer.alloc(1_000_000, 'text'))
execFileSync('tar', ['-C', join(base, 'lower'), '-cf', join(base, 'lower.tar'), '.'])

const keeps = new Keeps(process.argv[2] ?? assert.fail('want a directory'))
await keeps.note(MAC, { name: 'pc7' })
const directory = keeps.directoryOf(MAC)
await tieTo(directory, 'key')
const open = async (): Promise<OverlayTree> =>
  OverlayTree.open(await openTarTree(join(base, 'lower.tar')), 'key', directory)
const at = async (tree: OverlayTree, path: string): Promise<NodeId> =>
  (await resolvePath(tree, path)) ?? assert.fail(path)

{
  await using tree = await open()
  const { node } = await tree.createFile(tree.root, 'fill', OWNER, { kind: 'guarded' })
  const file = await tree.open(node)
  for (const bytes of [100_000, 4096]) {
    const fill = async (): Promise<never> => {
      for (;;) await file.write(Buffer.alloc(bytes, 1), file.size)
    }
    await assert.rejects(fill, ENOSPC)
  }
  await file.close()
  const before = await describeTree(tree)
  const large = await at(tree, 'usr/large')
  await assert.rejects(async () => tree.setAttributes(large, { mode: 0o600 }), ENOSPC)
  await assert.rejects(async () => tree.rename(await at(tree, 'usr'), 'large', tree.root, 'moved'), ENOSPC)
  assert.deepEqual(await describeTree(tree), before)
  assert.deepEqual(readdirSync(join(directory, 'work')), [])
}
// The next boot: it is noted, opens the directory, and makes room.
await keeps.note(MAC, { name: 'pc7', boot: 'aaaaaa', uuid: '6f1c0000-0000-0000-0000-000000000001', next: 'bbbbbb' })
assert.equal((await keeps.resolve('pc7')).owner.next, 'bbbbbb')
await using tree = await open()
await tree.unlink(tree.root, 'fill')
await tree.setAttributes(await at(tree, 'usr/large'), { mode: 0o600 })
assert.equal(statSync(join(directory, 'upper/usr/large')).size, 1_000_000)
