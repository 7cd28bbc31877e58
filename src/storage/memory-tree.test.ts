import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SPECIMENS, type Specimen, fileTreeConformance } from './conformance.ts'
import { type MemoryEntry, MemoryTree } from './memory-tree.ts'

fileTreeConformance('MemoryTree', async () => new MemoryTree(SPECIMENS.map(entryOf)))

/** A specimen with its holes filled: this tree has no others. */
function entryOf({ name, type, mode, modified, content, size, linkName, runs }: Specimen): MemoryEntry {
  if (type === 'hardlink') return { path: name, linkTo: linkName }
  if (type === 'symlink') return { path: name, target: linkName, mode, modified }
  if (type !== 'file') return { path: name, type, mode, modified }
  const whole = Buffer.alloc(size)
  let from = 0
  for (const { fileOffset, length } of runs ?? [{ fileOffset: 0, length: size }]) {
    if (content !== undefined) whole.set(content.subarray(from, from + length), fileOffset)
    from += length
  }
  return { path: name, type, mode, modified, content: whole, usedBytes: content?.byteLength ?? 0 }
}

test('MemoryTree makes the directories above an entry, and counts them', () => {
  const tree = new MemoryTree([{ path: 'a/b/c', content: 'x' }])
  assert.equal(tree.attributes(tree.root).linkCount, 3)
  assert.deepEqual(tree.list(tree.root), [{ name: 'a', node: 2 }])
})

test('MemoryTree refuses a link to nothing', () => {
  assert.throws(() => new MemoryTree([{ path: 'a', linkTo: 'b/c' }]), /Cannot link to "b\/c": it is not in the tree/)
})
