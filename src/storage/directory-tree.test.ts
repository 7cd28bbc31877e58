import assert from 'node:assert/strict'
import { lutimesSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileTreeConformance } from './conformance.ts'
import { DirectoryTree } from './directory-tree.ts'
import { StaleNodeError } from './file-tree.ts'
import { readPath } from './paths.ts'
import { makeSpecimens } from './specimen-directory.ts'
import { parseDump } from './xattrs.ts'

const base = mkdtempSync(join(tmpdir(), 'netroot-tree-'))
after(() => rmSync(base, { recursive: true }))

makeSpecimens(join(base, 'root'))

fileTreeConformance('DirectoryTree', async () => new DirectoryTree(join(base, 'root')))

test('DirectoryTree never reads through a directory that was replaced by a symlink', async () => {
  const root = join(base, 'replaced')
  mkdirSync(join(root, 'etc'), { recursive: true })
  writeFileSync(join(root, 'etc/passwd'), 'inside')
  const tree = new DirectoryTree(root)
  const directory = tree.lookup(tree.root, 'etc') ?? assert.fail()
  const file = tree.lookup(directory, 'passwd') ?? assert.fail()
  renameSync(join(root, 'etc'), join(base, 'moved-away'))
  symlinkSync('/etc', join(root, 'etc'))
  assert.throws(() => tree.open(file), StaleNodeError)
  assert.throws(() => tree.list(directory), StaleNodeError)
  assert.equal(await readPath(tree, 'etc/passwd'), undefined)
})

test('DirectoryTree finds a file again that was moved', () => {
  const root = join(base, 'moving')
  mkdirSync(join(root, 'a/b'), { recursive: true })
  writeFileSync(join(root, 'a/file'), 'x')
  lutimesSync(join(root, 'a/file'), 1, 2)
  const tree = new DirectoryTree(root)
  const directory = tree.lookup(tree.root, 'a') ?? assert.fail()
  const file = tree.lookup(directory, 'file') ?? assert.fail()
  renameSync(join(root, 'a/file'), join(root, 'a/b/other'))
  assert.equal(tree.attributes(file).modified.seconds, 2)
})

test('parseDump() reads names, binary values and empty ones', () => {
  const dump = '# file: ./a\\134b\\012c\nsecurity.capability=0x0100\nuser.empty=\n\n# file: .\nuser.x=0xff\n\n'
  const found = parseDump(Buffer.from(dump))
  assert.deepEqual([...found.keys()], ['./a\\b\nc', '.'])
  assert.deepEqual(found.get('./a\\b\nc')?.get('security.capability'), Uint8Array.of(1, 0))
  assert.deepEqual(found.get('./a\\b\nc')?.get('user.empty'), new Uint8Array(0))
})
