import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ByteSource, memorySource } from '../../storage/byte-source.ts'
import { MemoryTree } from '../../storage/memory-tree.ts'
import { OpenFiles } from './open-files.ts'

/** A tree that counts what is open. */
class CountingTree extends MemoryTree {
  opened = 0
  closed = 0
  readonly #later: boolean

  constructor(later = false) {
    super([])
    this.#later = later
  }
  override open(): ByteSource {
    this.opened += 1
    const source = { ...memorySource(Buffer.from('x')), close: async () => void (this.closed += 1) }
    return this.#later ? (new Promise((resolve) => setImmediate(resolve, source)) as unknown as ByteSource) : source
  }
}

async function touch(files: OpenFiles, node: number): Promise<void> {
  await files.acquire(node)
  files.release(node)
}

test('acquire() opens a file once', async () => {
  const tree = new CountingTree()
  const files = new OpenFiles(tree)
  for (let reads = 0; reads < 5; reads += 1) await touch(files, 7)
  assert.deepEqual([tree.opened, tree.closed], [1, 0])
})

test('acquire() closes the file that was not used for longest', async () => {
  const tree = new CountingTree()
  const files = new OpenFiles(tree, 2)
  for (const node of [1, 2, 1, 3, 1]) await touch(files, node)
  assert.deepEqual([tree.opened, tree.closed], [3, 1]) // 2 went
  await touch(files, 2)
  assert.equal(tree.opened, 4)
})

test('acquire() closes no file that is being read', async () => {
  const tree = new CountingTree()
  const files = new OpenFiles(tree, 1)
  await files.acquire(1)
  await touch(files, 2)
  assert.equal(tree.closed, 1)
  await touch(files, 1)
  assert.equal(tree.opened, 2)
})

test('acquire() keeps one of two sources that were opened at once', async () => {
  const tree = new CountingTree(true)
  const files = new OpenFiles(tree)
  const [first, second] = await Promise.all([files.acquire(1), files.acquire(1)])
  assert.equal(first, second)
  assert.deepEqual([tree.opened, tree.closed, files.empty], [2, 1, false])
})

test('closeIdle() closes what nobody reads', async () => {
  const tree = new CountingTree()
  const files = new OpenFiles(tree)
  await files.acquire(1)
  await touch(files, 2)
  files.closeIdle(performance.now() - 1000)
  assert.equal(tree.closed, 0)
  files.closeIdle(Infinity)
  assert.deepEqual([tree.closed, files.empty], [1, false])
  files.release(1)
  files.closeIdle(Infinity)
  assert.deepEqual([tree.closed, files.empty], [2, true])
})
