import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewEntry } from '../formats/tar/writer.ts'
import type { Region } from './byte-source.ts'
import { type FileTree, type NodeId, StaleNodeError } from './file-tree.ts'
import { readPath, resolvePath } from './paths.ts'

/** One entry of the tree that every implementation must show, in the order of an archive. */
export interface Specimen extends NewEntry {
  /** Of files: the stored bytes. */
  readonly content?: Uint8Array
}

const TIME = { seconds: 1_707_055_890, nanoseconds: 123_456_789 }
const BIG = Uint8Array.from({ length: 200_001 }, (_, at) => (at * 7 + (at >> 8)) & 0xff)
const LONG_NAME = 'n'.repeat(255)
const ODD_NAME = '\xff\n\\ \x01=é'
const HOLES = [
  { fileOffset: 65_536, length: 4096 },
  { fileOffset: 1_048_576, length: 4096 },
]

/** What `lseek` finds in a file of these runs, byte by byte. */
function soughtIn(runs: typeof HOLES, size: number, from: number, region: Region): number | undefined {
  const isData = (at: number): boolean =>
    runs.some(({ fileOffset, length }) => at >= fileOffset && at < fileOffset + length)
  for (let at = from; at < size; at += 1) if (isData(at) === (region === 'data')) return at
  return region === 'data' ? undefined : size
}

function entry(name: string, changes: Partial<Specimen> = {}): Specimen {
  const common = { mode: 0o644, uid: 0, gid: 0, linkName: '', xattrs: new Map(), modified: TIME }
  const size = changes.content?.byteLength ?? 0
  return { type: 'file', size, device: { major: 0, minor: 0 }, ...common, name, ...changes }
}
const directory = (name: string, mode = 0o755): Specimen => entry(name, { type: 'directory', mode })

/** The tree. It has no devices and only root as owner, so that an ordinary user can make it as a directory. */
export const SPECIMENS: readonly Specimen[] = [
  directory('.'),
  directory('etc'),
  entry('etc/hostname', { content: Buffer.from('diskless\n'), mode: 0o640 }),
  entry('etc/empty'),
  directory('bin', 0o1775),
  entry('bin/tool', { content: BIG, mode: 0o4755 }),
  entry('bin/alias', { type: 'hardlink', linkName: 'bin/tool' }),
  directory('usr'),
  directory('usr/lib'),
  entry('usr/lib/sparse', { content: Buffer.alloc(8192, 'x'), size: 2_097_153, runs: HOLES }),
  entry(`usr/lib/${LONG_NAME}`, { content: Buffer.from('long') }),
  entry(`usr/lib/${ODD_NAME}`, { content: Buffer.from('odd') }),
  entry('usr/lib/pipe', { type: 'fifo', mode: 0o600 }),
  entry('lib', { type: 'symlink', linkName: 'usr/lib', mode: 0o777 }),
  entry('absolute', { type: 'symlink', linkName: '/etc/hostname', mode: 0o777 }),
  entry('outside', { type: 'symlink', linkName: '../../../../etc/hostname', mode: 0o777 }),
  entry('loop', { type: 'symlink', linkName: 'loop', mode: 0o777 }),
]

/** Registers the tests that every `FileTree` must pass. `open` gives a new tree of `SPECIMENS` each time. */
export function fileTreeConformance(name: string, open: () => Promise<FileTree>): void {
  const check = (does: string, body: (tree: FileTree) => Promise<void>): void => {
    test(`${name} ${does}`, async () => {
      const tree = await open()
      try {
        await body(tree)
      } finally {
        await tree.close()
      }
    })
  }

  check('tells type, mode, size and time of everything', async (tree) => {
    for (const specimen of SPECIMENS) {
      const found = await tree.attributes(await nodeAt(tree, specimen.name))
      const wanted = specimen.type === 'hardlink' ? specimenOf(specimen.linkName) : specimen
      assert.equal(found.type, wanted.type, specimen.name)
      assert.equal(found.mode, wanted.mode, specimen.name)
      assert.deepEqual(found.modified, TIME, specimen.name)
      if (wanted.type === 'file') assert.equal(found.size, wanted.size, specimen.name)
      if (wanted.type === 'symlink') assert.equal(found.size, wanted.linkName.length, specimen.name)
    }
  })

  check('lists every name once, in an order that stays, with the node that lookup() gives', async (tree) => {
    const wanted = ['absolute', 'bin', 'etc', 'lib', 'loop', 'outside', 'usr']
    const list = await tree.list(tree.root)
    assert.deepEqual(list.map((found) => found.name).toSorted(), wanted)
    assert.deepEqual(await tree.list(tree.root), list)
    for (const found of list) assert.equal(await tree.lookup(tree.root, found.name), found.node)
    const lib = await tree.list(await nodeAt(tree, 'usr/lib'))
    const names = ['pipe', 'sparse', LONG_NAME, ODD_NAME]
    assert.deepEqual(lib.map((found) => found.name).toSorted(), names.toSorted())
  })

  check('finds no name that is not there, and no path', async (tree) => {
    for (const missing of ['nothing', '', '.', '..', 'etc/hostname', '/etc', 'etc\0', 'n'.repeat(300)]) {
      assert.equal(await tree.lookup(tree.root, missing), undefined, missing)
    }
    const file = await nodeAt(tree, 'etc/hostname')
    assert.equal(await tree.lookup(file, 'hostname'), undefined)
    assert.deepEqual(await tree.list(file), [])
  })

  check('knows the parent of a directory, and the root as its own', async (tree) => {
    const lib = await nodeAt(tree, 'usr/lib')
    assert.equal(await tree.parent(lib), await nodeAt(tree, 'usr'))
    assert.equal(await tree.parent(await nodeAt(tree, 'usr')), tree.root)
    assert.equal(await tree.parent(tree.root), tree.root)
  })

  check('counts links and gives hard links one node', async (tree) => {
    const tool = await nodeAt(tree, 'bin/tool')
    assert.equal(await nodeAt(tree, 'bin/alias'), tool)
    assert.equal((await tree.attributes(tool)).linkCount, 2)
    assert.equal((await tree.attributes(await nodeAt(tree, 'etc/hostname'))).linkCount, 1)
  })

  check('resolves symlinks inside the tree and never out of it', async (tree) => {
    assert.equal(await tree.readLink(await nodeAt(tree, 'outside')), '../../../../etc/hostname')
    assert.equal(String(await readPath(tree, 'absolute')), 'diskless\n')
    assert.equal(String(await readPath(tree, 'outside')), 'diskless\n')
    assert.equal(await resolvePath(tree, 'lib/sparse'), await nodeAt(tree, 'usr/lib/sparse'))
    assert.equal(await resolvePath(tree, 'loop'), undefined)
    assert.equal(await resolvePath(tree, '../../etc/nothing'), undefined)
  })

  check('reads any part of a file', async (tree) => {
    for (const [position, length] of [
      [0, 200_001],
      [0, 1],
      [511, 2],
      [199_999, 100],
      [200_001, 5],
      [900_000, 5],
      [7, 0],
    ] as const) {
      assert.deepEqual(await readPart(tree, 'bin/tool', position, length), BIG.slice(position, position + length))
    }
    assert.equal(String(await readPath(tree, `usr/lib/${LONG_NAME}`)), 'long')
    assert.equal((await readPart(tree, 'etc/empty', 0, 9)).byteLength, 0)
  })

  check('reads holes as zeros', async (tree) => {
    const whole = Buffer.alloc(2_097_153)
    for (const { fileOffset, length } of HOLES) whole.fill('x', fileOffset, fileOffset + length)
    assert.ok(whole.equals(await readPart(tree, 'usr/lib/sparse', 0, 3_000_000)))
    for (const position of [65_535, 65_536, 69_631, 69_632, 1_048_000, 2_097_150]) {
      const part = await readPart(tree, 'usr/lib/sparse', position, 5000)
      assert.ok(whole.subarray(position, position + 5000).equals(part), `at ${position}`)
    }
    const source = await tree.open(await nodeAt(tree, 'usr/lib/sparse'))
    const seek = source.seek?.bind(source)
    if (seek !== undefined) {
      for (const at of [0, 65_536, 65_540, 69_632, 500_000, 2_097_150, 2_097_152]) {
        // More may be said to be data than is, never less.
        const data: number | undefined = await seek(at, 'data')
        const hole: number | undefined = await seek(at, 'hole')
        assert.ok(
          (data ?? Infinity) <= (soughtIn(HOLES, whole.byteLength, at, 'data') ?? Infinity),
          `data from ${at}: ${data}`,
        )
        assert.ok((hole ?? 0) >= (soughtIn(HOLES, whole.byteLength, at, 'hole') ?? 0), `hole from ${at}: ${hole}`)
        assert.notEqual(whole[hole ?? 0], 0x78)
      }
    }
    await source.close()
    const { usedBytes, size } = await tree.attributes(await nodeAt(tree, 'usr/lib/sparse'))
    assert.ok(usedBytes >= 8192 && usedBytes < size, `used ${usedBytes} of ${size}`)
  })

  check('keeps several files open at once', async (tree) => {
    const sources = await Promise.all([...Array(20)].map(async () => await tree.open(await nodeAt(tree, 'bin/tool'))))
    for (const source of sources) {
      const target = new Uint8Array(3)
      assert.equal(await source.read(target, 100), 3)
      assert.deepEqual(target, BIG.slice(100, 103))
      await source.close()
      await source.close()
    }
  })

  check('answers a node that it does not have with StaleNodeError', async (tree) => {
    for (const node of [0, 2 ** 40, -1, 1.5]) {
      const stale = async (ask: () => unknown): Promise<void> => assert.rejects(async () => await ask(), StaleNodeError)
      await stale(() => tree.attributes(node))
      await stale(() => tree.lookup(node, 'etc'))
      await stale(() => tree.parent(node))
      await stale(() => tree.list(node))
      await stale(() => tree.readLink(node))
      await stale(() => tree.open(node))
      await stale(() => tree.extendedAttributes(node))
    }
  })

  check('counts its nodes', async (tree) => {
    const { nodes, bytes } = await tree.statistics()
    assert.equal(nodes, SPECIMENS.length - 1) // two names are one file
    assert.ok(bytes >= BIG.byteLength)
  })

  test(`${name} gives the same nodes when it is opened again`, async () => {
    const [first, second] = [await open(), await open()]
    const node = await nodeAt(first, 'usr/lib/sparse')
    await first.close()
    assert.equal((await second.attributes(node)).size, 2_097_153) // before anything was looked up
    assert.equal(await nodeAt(second, 'usr/lib/sparse'), node)
    await second.close()
  })
}

/** The node of a path of specimens, symlinks not followed. */
async function nodeAt(tree: FileTree, path: string): Promise<NodeId> {
  let node = tree.root
  for (const name of path.split('/')) {
    if (name !== '.') node = (await tree.lookup(node, name)) ?? assert.fail(`no ${path} in the tree`)
  }
  return node
}

async function readPart(tree: FileTree, path: string, position: number, length: number): Promise<Uint8Array> {
  const source = await tree.open(await nodeAt(tree, path))
  const target = new Uint8Array(length)
  const count = await source.read(target, position)
  await source.close()
  return target.slice(0, count)
}

function specimenOf(name: string): Specimen {
  return SPECIMENS.find((specimen) => specimen.name === name) ?? assert.fail(name)
}
