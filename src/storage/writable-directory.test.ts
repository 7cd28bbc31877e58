import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileTreeConformance } from './conformance.ts'
import { type NodeId, StaleNodeError } from './file-tree.ts'
import { makeSpecimens } from './specimen-directory.ts'
import { type LiveAttributes, type Ownership, TreeError, type TreeErrorCode } from './writable-tree.ts'
import { HOST } from './writable/medium.ts'
import { slowMedium } from './writable/slow-medium.ts'
import { WritableDirectory } from './writable-directory.ts'

const base = fs.mkdtempSync(join(tmpdir(), 'netroot-writable-'))
after(() => fs.rmSync(base, { recursive: true }))
const isRoot = process.geteuid?.() === 0
const OWNER: Ownership = { mode: 0o640, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const GETFATTR = 'getfattr'
const GUARDED = { kind: 'guarded' } as const

makeSpecimens(join(base, 'specimens'))
fileTreeConformance('WritableDirectory', () => WritableDirectory.open(join(base, 'specimens')))
fileTreeConformance('WritableDirectory on a slow disk', () =>
  WritableDirectory.open(join(base, 'specimens'), slowMedium()),
)

let count = 0
/** A new empty directory as a tree. */
async function fresh(): Promise<{ readonly tree: WritableDirectory; readonly path: string } & AsyncDisposable> {
  const path = join(base, String((count += 1)))
  fs.mkdirSync(path)
  const tree = await WritableDirectory.open(path)
  return { tree, path, [Symbol.asyncDispose]: () => tree.close() }
}

function linkOf(path: string): string {
  try {
    return fs.readlinkSync(path)
  } catch {
    return '' // closed meanwhile
  }
}

async function refused(code: TreeErrorCode, call: () => unknown): Promise<void> {
  await assert.rejects(
    async () => await call(),
    (error) => error instanceof TreeError && error.code === code,
    `want ${code}`,
  )
}

async function write(tree: WritableDirectory, node: NodeId, text: string, position = 0): Promise<void> {
  const file = await tree.open(node)
  await file.write(Buffer.from(text), position)
  await file.close()
}

test('WritableDirectory makes every kind of node with the owner it is told', async () => {
  await using made = await fresh()
  const { tree, path } = made
  const owner = isRoot ? { mode: 0o4751, uid: 1234, gid: 5678 } : { ...OWNER, mode: 0o4751 }
  await tree.createFile(tree.root, 'file', owner, GUARDED)
  await tree.makeDirectory(tree.root, 'directory', { ...owner, mode: 0o1777 })
  await tree.makeSymlink(tree.root, 'symlink', '../../etc/\xff', owner)
  await tree.makeNode(tree.root, 'fifo', { type: 'fifo', device: { major: 0, minor: 0 } }, owner)
  if (isRoot) await tree.makeNode(tree.root, 'null', { type: 'character', device: { major: 1, minor: 3 } }, owner)
  const file = fs.lstatSync(join(path, 'file'))
  assert.deepEqual([file.mode & 0o7777, file.uid, file.gid], [0o4751, owner.uid, owner.gid])
  assert.equal(fs.lstatSync(join(path, 'directory')).mode & 0o7777, 0o1777)
  assert.equal(fs.lstatSync(join(path, 'symlink')).uid, owner.uid)
  assert.equal(fs.readlinkSync(join(path, 'symlink'), 'latin1'), '../../etc/\xff')
  assert.equal(fs.lstatSync(join(path, 'fifo')).mode & 0o7777, 0o4751)
  if (isRoot) assert.equal(fs.lstatSync(join(path, 'null')).rdev, 0x103)
})

test('WritableDirectory takes names of 255 bytes and any bytes but / and NUL', async () => {
  await using made = await fresh()
  const { tree } = made
  const names = ['n'.repeat(255), '\xff\n\\ \x01=é', ' ', '-rf', '...']
  for (const name of names) await tree.createFile(tree.root, name, OWNER, GUARDED)
  assert.deepEqual((await tree.list(tree.root)).map(({ name }) => name).toSorted(), names.toSorted())
  await refused('ENAMETOOLONG', () => tree.makeDirectory(tree.root, 'n'.repeat(256), OWNER))
  for (const name of ['', '.', '..', 'a/b', 'a\0']) {
    await refused('EINVAL', () => tree.makeDirectory(tree.root, name, OWNER))
  }
})

test('WritableDirectory creates guarded, unchecked and exclusive', async () => {
  await using made = await fresh()
  const { tree, path } = made
  const { node } = await tree.createFile(tree.root, 'a', OWNER, GUARDED)
  await refused('EEXIST', () => tree.createFile(tree.root, 'a', OWNER, GUARDED))
  assert.deepEqual(await tree.createFile(tree.root, 'a', OWNER, { kind: 'unchecked' }), { node, made: false })
  const exclusive = { kind: 'exclusive', verifier: Uint8Array.from([0xff, 2, 3, 4, 5, 6, 7, 8]) } as const
  await refused('EEXIST', () => tree.createFile(tree.root, 'a', OWNER, exclusive))
  const once = await tree.createFile(tree.root, 'b', OWNER, exclusive)
  await tree.close()
  const again = await WritableDirectory.open(path) // the answer was lost, and the server began anew
  assert.deepEqual(await again.createFile(again.root, 'b', OWNER, exclusive), { node: once.node, made: false })
  await refused('EEXIST', () =>
    again.createFile(again.root, 'b', OWNER, { kind: 'exclusive', verifier: new Uint8Array(8) }),
  )
  await again.makeDirectory(again.root, 'd', OWNER)
  await refused('EEXIST', () => again.createFile(again.root, 'd', OWNER, { kind: 'unchecked' }))
  await again.close()
})

test('WritableDirectory gives a file that takes the inode of a deleted one another node', async () => {
  await using made = await fresh()
  const { tree, path } = made
  const nodes = new Set<NodeId>()
  const inodes = new Set<number>()
  for (let round = 0; round < 50; round += 1) {
    const { node } = await tree.createFile(tree.root, 'same', OWNER, GUARDED)
    inodes.add(fs.statSync(join(path, 'same')).ino)
    nodes.add(node)
    await tree.unlink(tree.root, 'same')
    await assert.rejects(async () => await tree.attributes(node), StaleNodeError)
  }
  assert.equal(nodes.size, 50)
  if (inodes.size === 50) console.error('this file system gave no inode twice: the test shows little')
})

test('WritableDirectory keeps a file that is open when its last name goes', async () => {
  await using made = await fresh()
  const { tree } = made
  const { node } = await tree.createFile(tree.root, 'a', OWNER, GUARDED)
  const file = await tree.open(node)
  await tree.unlink(tree.root, 'a')
  await file.write(Buffer.from('still here'), 0)
  const target = Buffer.alloc(20)
  assert.equal(await file.read(target, 6), 4)
  assert.equal((await tree.attributes(node)).linkCount, 0)
  assert.equal((await tree.attributes(node)).size, 10)
  await tree.setAttributes(node, { size: 3, mode: 0o600 })
  assert.equal((await tree.attributes(node)).size, 3)
  await file.close()
  await assert.rejects(async () => await tree.attributes(node), StaleNodeError)
})

test('WritableDirectory renames in one step, replaces, and refuses what rename(2) refuses', async () => {
  await using made = await fresh()
  const { tree, path } = made
  const a = await tree.makeDirectory(tree.root, 'a', { ...OWNER, mode: 0o755 })
  const b = await tree.makeDirectory(a, 'b', { ...OWNER, mode: 0o755 })
  const { node } = await tree.createFile(b, 'file', OWNER, GUARDED)
  await refused('EINVAL', () => tree.rename(tree.root, 'a', b, 'x'))
  await refused('ENOTEMPTY', () => tree.removeDirectory(tree.root, 'a'))
  await refused('EISDIR', () => tree.unlink(tree.root, 'a'))
  await refused('ENOTDIR', () => tree.removeDirectory(b, 'file'))
  await refused('ENOENT', () => tree.rename(tree.root, 'none', a, 'x'))
  await refused('ENOTDIR', () => tree.createFile(node, 'x', OWNER, GUARDED))
  await tree.link(node, tree.root, 'other')
  await tree.rename(tree.root, 'other', b, 'file') // two names of one node: both stay
  assert.equal((await tree.attributes(node)).linkCount, 2)
  await tree.rename(a, 'b', tree.root, 'moved')
  assert.equal(await tree.parent(b), tree.root)
  assert.equal((await tree.attributes(node)).linkCount, 2)
  const { node: victim } = await tree.createFile(tree.root, 'victim', OWNER, GUARDED)
  await tree.rename(b, 'file', tree.root, 'victim')
  await assert.rejects(async () => await tree.attributes(victim), StaleNodeError)
  assert.equal(await tree.lookup(tree.root, 'victim'), node)
  assert.deepEqual(fs.readdirSync(path).toSorted(), ['a', 'moved', 'other', 'victim'])
  await refused('EPERM', () => tree.link(b, tree.root, 'second'))
})

test('WritableDirectory keeps handles over a restart, also of what another process moved', async () => {
  await using made = await fresh()
  const { tree, path } = made
  const deep = await tree.makeDirectory(tree.root, 'deep', { ...OWNER, mode: 0o755 })
  const { node } = await tree.createFile(deep, 'file', OWNER, GUARDED)
  await write(tree, node, 'kept')
  await tree.close()
  fs.renameSync(join(path, 'deep'), join(path, 'elsewhere'))
  const again = await WritableDirectory.open(path)
  assert.equal((await again.attributes(node)).size, 4)
  assert.equal((await again.list(deep))[0]?.node, node)
  await again.close()
})

test('WritableDirectory tells another change after each change, however fast', async () => {
  await using made = await fresh()
  const { tree } = made
  const { node } = await tree.createFile(tree.root, 'a', OWNER, GUARDED)
  const seen = new Set<bigint>()
  let last = -1n
  for (let at = 0; at < 300; at += 1) {
    await write(tree, node, 'x', at)
    const { change } = await tree.attributes(node)
    assert.ok(change > last)
    seen.add((last = change))
  }
  assert.equal(seen.size, 300)
  const before = (await tree.attributes(tree.root)).change
  await tree.unlink(tree.root, 'a')
  assert.ok((await tree.attributes(tree.root)).change > before)
})

test('WritableDirectory sets size, mode and times to the nanosecond, also of a symlink', async () => {
  await using made = await fresh()
  const { tree, path } = made
  const { node } = await tree.createFile(tree.root, 'a', OWNER, GUARDED)
  const modified = { seconds: 1_707_055_890, nanoseconds: 123_456_789 }
  const accessed = { seconds: 1, nanoseconds: 2 }
  await tree.setAttributes(node, { size: 1_000_000, mode: 0o4755, modified, accessed })
  const found = await tree.attributes(node)
  assert.deepEqual([found.size, found.mode, found.modified, found.accessed], [1_000_000, 0o4755, modified, accessed])
  const symlink = await tree.makeSymlink(tree.root, 'link', 'a', OWNER)
  const early = { accessed: { seconds: -5, nanoseconds: 0 }, modified: { seconds: -7, nanoseconds: 0 } }
  await tree.setAttributes(node, early)
  const before = await tree.attributes(node)
  assert.deepEqual([before.accessed, before.modified], [early.accessed, early.modified])
  await tree.setAttributes(node, { modified, accessed })
  await tree.setAttributes(symlink, { mode: 0o600, modified: accessed })
  assert.deepEqual((await tree.attributes(symlink)).modified, accessed)
  assert.deepEqual((await tree.attributes(node)).modified, modified)
  assert.equal(fs.statSync(join(path, 'a')).mode & 0o7777, 0o4755)
  await refused('EISDIR', () => tree.setAttributes(tree.root, { size: 0 }))
  await refused('EINVAL', () => tree.setAttributes(symlink, { size: 0 }))
})

test('WritableDirectory sets, lists and removes extended attributes', async () => {
  await using made = await fresh()
  const { tree, path } = made
  const { node } = await tree.createFile(tree.root, 'a', OWNER, GUARDED)
  await tree.setXattr(node, 'user.x', Uint8Array.of(1, 0, 2), 'create')
  await tree.setXattr(node, 'user.empty', new Uint8Array(0), 'either')
  await refused('EEXIST', () => tree.setXattr(node, 'user.x', Uint8Array.of(3), 'create'))
  await refused('ENODATA', () => tree.setXattr(node, 'user.y', Uint8Array.of(3), 'replace'))
  const found = await tree.extendedAttributes(node)
  assert.deepEqual(found.get('user.empty'), new Uint8Array(0))
  assert.deepEqual(found.get('user.x'), Uint8Array.of(1, 0, 2))
  assert.equal(found.size, 2)
  assert.match(String(execFileSync(GETFATTR, ['-d', '-e', 'hex', 'a'], { cwd: path })), /user\.x=0x010002/)
  await tree.removeXattr(node, 'user.x')
  await refused('ENODATA', () => tree.removeXattr(node, 'user.x'))
})

test('WritableFile commits, seeks holes and punches them', async () => {
  await using made = await fresh()
  const { tree } = made
  const { node } = await tree.createFile(tree.root, 'a', OWNER, GUARDED)
  const file = await tree.open(node)
  await file.write(Buffer.alloc(4096, 1), 1_048_576)
  await file.commit()
  await tree.commitDirectory(tree.root)
  assert.equal(file.seek(0, 'data'), 1_048_576)
  assert.equal(file.seek(1_048_576, 'hole'), 1_052_672)
  assert.equal(file.seek(1_052_672, 'data'), undefined)
  await file.reserve('punch', 1_048_576, 4096)
  const target = Buffer.alloc(2, 9)
  assert.equal(await file.read(target, 1_048_576), 2)
  assert.deepEqual([...target], [0, 0])
  await file.close()
})

test('WritableFile reserves much room in slices, and refuses at once what the disk has no room for', async () => {
  await using made = await fresh()
  const { tree } = made
  const { node } = await tree.createFile(tree.root, 'a', OWNER, GUARDED)
  const file = await tree.open(node)
  await assert.rejects(async () => await file.reserve('allocate', 0, 2 ** 50), { code: 'ENOSPC' })
  assert.equal((await tree.attributes(node)).usedBytes, 0)
  let turns = 0
  const countTurns = (): void => {
    turns += 1
    if (turns < 100) setImmediate(countTurns)
  }
  setImmediate(countTurns)
  await file.reserve('allocate', 0, 512 * 2 ** 20)
  assert.ok((await tree.attributes(node)).usedBytes >= 512 * 2 ** 20)
  await file.reserve('punch', 0, 2 ** 50)
  assert.ok(turns > 1, 'others had their turn')
  const { size, usedBytes } = await tree.attributes(node)
  assert.equal(size, 512 * 2 ** 20)
  assert.ok(usedBytes < 2 ** 20, `${usedBytes}`)
  await file.close()
})

test('WritableDirectory lists in an order that stays while names come and go', async () => {
  await using made = await fresh()
  const { tree } = made
  for (let at = 0; at < 100; at += 1) await tree.createFile(tree.root, `f${at}`, OWNER, GUARDED)
  const before = await tree.list(tree.root)
  for (let at = 0; at < 100; at += 2) await tree.unlink(tree.root, `f${at}`)
  await tree.createFile(tree.root, 'new', OWNER, GUARDED)
  const later = await tree.list(tree.root)
  assert.equal(later.length, 51)
  for (const { name, cookie } of later) {
    if (name !== 'new') assert.equal(before.find((entry) => entry.name === name)?.cookie, cookie)
    assert.ok(Number.isSafeInteger(cookie) && (cookie ?? 0) > 2)
  }
  assert.deepEqual(
    later,
    later.toSorted((one, other) => (one.cookie ?? 0) - (other.cookie ?? 0)),
  )
})

test('WritableDirectory cuts, replaces and removes large files', async () => {
  await using served = await fresh()
  const { tree, path } = served
  for (const name of ['cut', 'replaced', 'removed']) fs.writeFileSync(join(path, name), Buffer.alloc(9 * 2 ** 20, 1))
  fs.writeFileSync(join(path, 'other'), 'x')
  const cut = (await tree.lookup(tree.root, 'cut')) ?? assert.fail()
  const setting = tree.setAttributes(cut, { size: 10, mode: 0o600 })
  assert.ok(setting instanceof Promise, 'the thread pool does it')
  await setting
  const { size, mode } = await tree.attributes(cut)
  assert.deepEqual({ size, mode }, { size: 10, mode: 0o600 })
  await tree.rename(tree.root, 'other', tree.root, 'replaced')
  await tree.unlink(tree.root, 'removed')
  assert.deepEqual(fs.readdirSync(path).toSorted(), ['cut', 'replaced'])
  assert.equal(fs.readFileSync(join(path, 'replaced'), 'latin1'), 'x')
  const isOpen = (): boolean =>
    fs.readdirSync('/proc/self/fd').some((fd) => linkOf(`/proc/self/fd/${fd}`).startsWith(`${path}/cut`))
  while (isOpen()) await sleep(10) // the thread pool closes it, too
})

test('WritableDirectory finds what is being moved, and searches for it nowhere else', async () => {
  await using made = await fresh()
  // Where the system cannot say what is in memory: there is no other wait in which the move could come to its end.
  await using tree = await WritableDirectory.open(made.path, { ...HOST, openCached: () => undefined })
  const node = await tree.makeSymlink(tree.root, 'a', 'target', OWNER)
  for (let round = 0; round < 100; round += 1) {
    const [from, to] = round % 2 === 0 ? ['a', 'b'] : ['b', 'a']
    const moving = tree.rename(tree.root, from, tree.root, to)
    for (let step = 0; step < 5; step += 1) await Promise.resolve() // the thread pool has it now
    const asked: Promise<LiveAttributes>[] = []
    // As long as this goes on nothing hears that it has been moved.
    for (const until = performance.now() + 1; performance.now() < until; ) {
      asked.push(Promise.resolve(tree.attributes(node)))
    }
    const types = (await Promise.all(asked)).map(({ type }) => type) // a second search in a second would find nothing
    assert.ok(types.every((type) => type === 'symlink'))
    await moving
  }
})
