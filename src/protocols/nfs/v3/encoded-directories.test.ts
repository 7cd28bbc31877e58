import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileTree } from '../../../storage/file-tree.ts'
import { MemoryTree } from '../../../storage/memory-tree.ts'
import { Harness, NODE, handle } from '../harness.ts'
import { fixedExports } from '../export.ts'
import { Locator } from '../located.ts'
import { PROCEDURE } from './constants.ts'
import { EncodedDirectories } from './encoded-directories.ts'

const NAMES = Array.from({ length: 300 }, (_, at) => `${'x'.repeat(at % 50)}-${at}`)

/** @param asked gets the nodes that attributes are asked for */
function unchanging(asked: number[] = []): FileTree {
  const tree = new MemoryTree(NAMES.map((path) => ({ path, content: 'abc' })))
  const attributes = (node: number): ReturnType<MemoryTree['attributes']> => {
    asked.push(node)
    return MemoryTree.prototype.attributes.call(tree, node)
  }
  return Object.assign(tree, { unchanging: true as const, attributes })
}

function page(harness: Harness, cookie: number, nameBytes: number, maxBytes: number): Promise<Buffer> {
  return harness.nfsAs(1, PROCEDURE.readDirectoryPlus, (w) => {
    handle(NODE.root)(w)
    w.u64(cookie).u64(0).u32(nameBytes).u32(maxBytes)
  })
}

test('READDIRPLUS sends of a directory that never changes what it sends of any, to the byte', async () => {
  const kept = new Harness(unchanging())
  const plain = new Harness(new MemoryTree(NAMES.map((path) => ({ path, content: 'abc' }))))
  for (const cookie of [0, 1, 2, 3, 150, 301, 302, 303, 2 ** 40]) {
    for (const nameBytes of [0, 23, 24, 60, 1000, 2 ** 32 - 1]) {
      for (const maxBytes of [0, 255, 256, 300, 1000, 8192, 65_536]) {
        const wanted = await page(plain, cookie, nameBytes, maxBytes)
        const sent = await page(kept, cookie, nameBytes, maxBytes)
        assert.ok(sent.equals(wanted), `cookie ${cookie}, dircount ${nameBytes}, maxcount ${maxBytes}`)
      }
    }
  }
})

test('READDIRPLUS asks a tree that never changes once for the attributes in a directory', async () => {
  const asked: number[] = []
  const harness = new Harness(unchanging(asked))
  await Promise.all([page(harness, 0, 8192, 8192), page(harness, 2, 8192, 8192), page(harness, 0, 8192, 8192)])
  await page(harness, 40, 8192, 8192)
  const ofFiles = asked.filter((node) => node !== NODE.root)
  assert.deepEqual([ofFiles.length, new Set(ofFiles).size], [NAMES.length, NAMES.length])
})

test('EncodedDirectories.of() gives nobody the handles of another export', async () => {
  const tree = unchanging()
  const keys = [1, 2].map((byte) => Buffer.alloc(16, byte))
  const exports = keys.map((key, at) => ({ path: `/${at}`, key, tree }))
  const locator = new Locator(fixedExports(exports))
  const directories = new EncodedDirectories()
  const entries = { dots: [], listed: (await tree.list(tree.root)).slice() }
  const made = exports.map((one) => {
    const attributes = tree.attributes(tree.root)
    assert.ok(!(attributes instanceof Promise))
    return directories.of({ served: locator.serve(one), node: tree.root, attributes }, entries)
  })
  assert.ok((await made[0])?.bytes.includes(Buffer.alloc(16, 1)))
  assert.equal(made[1], undefined) // its entries are written one by one
})
