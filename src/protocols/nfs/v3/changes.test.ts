import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { WritableDirectory } from '../../../storage/writable-directory.ts'
import type { XdrReader } from '../../rpc/xdr-reader.ts'
import { Harness, ROOT_CREDENTIAL, VERIFIER, handle, user } from '../harness.ts'
import { type Grant, READ_ONLY } from '../policy.ts'
import { type Put, all, changes, data, mode, name, owner, size } from './arguments.ts'
import { NFS3, PROCEDURE } from './constants.ts'

const base = fs.mkdtempSync(join(tmpdir(), 'netroot-nfs3-'))
after(() => fs.rmSync(base, { recursive: true }))
const isRoot = process.geteuid?.() === 0
const OPEN: Grant = { ...READ_ONLY, writes: true, sync: false }
const TEXT = Buffer.from('some text')

let count = 0
/** A service over a new directory, granted to all. */
class Served implements AsyncDisposable {
  readonly path = join(base, String((count += 1)))
  readonly tree: WritableDirectory
  readonly harness: Harness

  static async open(grant: Grant = OPEN): Promise<Served> {
    const path = join(base, String(count + 1))
    fs.mkdirSync(path, { mode: 0o777 })
    fs.chmodSync(path, 0o777)
    return new Served(await WritableDirectory.open(path), grant)
  }
  private constructor(tree: WritableDirectory, grant: Grant) {
    this.tree = tree
    this.harness = new Harness(tree, () => grant)
  }
  get root(): Put {
    return handle(this.tree.root)
  }
  /** Status and what follows. */
  async ask(procedure: number, args: Put, credential = ROOT_CREDENTIAL): Promise<[number, XdrReader]> {
    const results = await this.harness.nfs(procedure, args, credential)
    return [results.u32('status'), results]
  }
  async status(...args: Parameters<Served['ask']>): Promise<number> {
    return (await this.ask(...args))[0]
  }
  /** Makes a file and gives its handle. */
  async create(called: string, permissions = 0o644, credential = ROOT_CREDENTIAL): Promise<Put> {
    const args = all(this.root, name(called), (w) => w.u32(1), mode(permissions))
    const [status, results] = await this.ask(PROCEDURE.create, args, credential)
    assert.equal(status, NFS3.ok)
    assert.equal(results.u32('handle follows'), 1)
    const bytes = Buffer.from(results.opaque(64, 'handle'))
    return (w) => w.opaque(bytes)
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.tree.close()
  }
}

const unguarded: Put = (w) => w.u32(0)
const createAs =
  (how: number): Put =>
  (w) =>
    w.u32(how)

test('CREATE, WRITE, COMMIT and SETATTR make a file as the client wants it', async () => {
  await using served = await Served.open()
  const file = await served.create('a', 0o640)
  const [status, written] = await served.ask(PROCEDURE.write, all(file, data(3, TEXT)))
  assert.equal(status, NFS3.ok)
  written.fixed(24 + 4 + 4 + 84, 'wcc_data')
  assert.deepEqual([written.u32('count'), written.u32('committed')], [TEXT.byteLength, 0])
  assert.deepEqual(Uint8Array.from(written.fixed(8, 'verifier')), VERIFIER)
  assert.equal(
    await served.status(
      PROCEDURE.commit,
      all(file, (w) => w.u64(0).u32(0)),
    ),
    NFS3.ok,
  )
  assert.equal(await served.status(PROCEDURE.setAttributes, all(file, size(5), unguarded)), NFS3.ok)
  assert.equal(fs.readFileSync(join(served.path, 'a'), 'latin1'), '\0\0\0so')
  assert.equal(fs.statSync(join(served.path, 'a')).mode & 0o7777, 0o640)
})

test('WRITE that is to be stable says that it is', async () => {
  await using served = await Served.open({ ...OPEN, sync: true })
  const [status, written] = await served.ask(PROCEDURE.write, all(await served.create('a'), data(0, TEXT, 1)))
  assert.equal(status, NFS3.ok)
  written.fixed(24 + 4 + 4 + 84 + 4, 'wcc_data and count')
  assert.equal(written.u32('committed'), 2)
})

test('CREATE keeps what is there unchecked, refuses it guarded, and knows its verifier again', async () => {
  await using served = await Served.open()
  const at = (called: string, ...rest: readonly Put[]): Put => all(served.root, name(called), ...rest)
  await served.ask(PROCEDURE.write, all(await served.create('a'), data(0, TEXT)))
  assert.equal(await served.status(PROCEDURE.create, at('a', createAs(0), mode(0o600))), NFS3.ok)
  assert.equal(fs.statSync(join(served.path, 'a')).size, TEXT.byteLength)
  assert.equal(await served.status(PROCEDURE.create, at('a', createAs(0), size(0))), NFS3.ok)
  assert.equal(fs.statSync(join(served.path, 'a')).size, 0)
  assert.equal(await served.status(PROCEDURE.create, at('a', createAs(1), mode(0o600))), NFS3.exists)
  const exclusive = at('b', createAs(2), (w) => w.u64(7))
  assert.equal(await served.status(PROCEDURE.create, exclusive), NFS3.ok)
  assert.equal(await served.status(PROCEDURE.create, exclusive), NFS3.ok)
  assert.equal(
    await served.status(
      PROCEDURE.create,
      at('b', createAs(2), (w) => w.u64(8)),
    ),
    NFS3.exists,
  )
})

test('MKDIR, SYMLINK, MKNOD, LINK, RENAME, REMOVE and RMDIR do what they say', async () => {
  await using served = await Served.open()
  const at = (called: string, ...rest: readonly Put[]): Put => all(served.root, name(called), ...rest)
  assert.equal(await served.status(PROCEDURE.makeDirectory, at('d', mode(0o750))), NFS3.ok)
  assert.equal(await served.status(PROCEDURE.makeSymlink, at('s', mode(0), name('/etc/\xff'))), NFS3.ok)
  assert.equal(
    await served.status(
      PROCEDURE.makeNode,
      at('f', (w) => w.u32(7), mode(0o600)),
    ),
    NFS3.ok,
  )
  const device: Put = (w) => w.u32(1).u32(3)
  if (isRoot)
    assert.equal(
      await served.status(
        PROCEDURE.makeNode,
        at('n', (w) => w.u32(4), mode(0o666), device),
      ),
      NFS3.ok,
    )
  assert.equal(await served.status(PROCEDURE.link, all(await served.create('a'), at('b'))), NFS3.ok)
  assert.equal(await served.status(PROCEDURE.rename, all(at('a'), at('c'))), NFS3.ok)
  assert.equal(fs.statSync(join(served.path, 'c')).nlink, 2)
  assert.equal(fs.readlinkSync(join(served.path, 's'), 'latin1'), '/etc/\xff')
  if (isRoot) assert.equal(fs.statSync(join(served.path, 'n')).rdev, 0x103)
  assert.equal(await served.status(PROCEDURE.remove, at('d')), NFS3.isDirectory)
  assert.equal(await served.status(PROCEDURE.removeDirectory, at('c')), NFS3.notDirectory)
  for (const called of ['b', 'c', 's', 'f']) assert.equal(await served.status(PROCEDURE.remove, at(called)), NFS3.ok)
  assert.equal(await served.status(PROCEDURE.remove, at('b')), NFS3.noEntry)
  assert.equal(await served.status(PROCEDURE.removeDirectory, at('d')), NFS3.ok)
  assert.deepEqual(fs.readdirSync(served.path), isRoot ? ['n'] : [])
})

test('SETATTR with a guard changes nothing that has changed', async () => {
  await using served = await Served.open()
  const file = await served.create('a')
  const guard: Put = (w) => w.u32(1).u32(1).u32(1)
  assert.equal(await served.status(PROCEDURE.setAttributes, all(file, mode(0o600), guard)), NFS3.notSynchronized)
})

test('A call that comes twice is carried out once, and answered twice with the same', async () => {
  await using served = await Served.open()
  await served.create('a')
  const again = { xid: 4711, args: all(served.root, name('a')) }
  const first = await served.harness.nfsAs(again.xid, PROCEDURE.remove, again.args)
  const second = await served.harness.nfsAs(again.xid, PROCEDURE.remove, again.args)
  assert.equal(first.readUInt32BE(24), NFS3.ok)
  assert.deepEqual(second, first)
  assert.equal(await served.status(PROCEDURE.remove, again.args), NFS3.noEntry) // under another number it is another call
})

test('A caller without the right to is refused, by mode bits and the sticky bit', { skip: !isRoot }, async () => {
  await using served = await Served.open()
  const [mine, other] = [user(1000), user(1001)]
  const at = (called: string, ...rest: readonly Put[]): Put => all(served.root, name(called), ...rest)
  const file = await served.create('a', 0o4755, mine)
  assert.deepEqual([fs.statSync(join(served.path, 'a')).uid, fs.statSync(join(served.path, 'a')).gid], [1000, 100])
  assert.equal(await served.status(PROCEDURE.write, all(file, data(0, TEXT)), other), NFS3.access)
  assert.equal(await served.status(PROCEDURE.setAttributes, all(file, mode(0o777), unguarded), other), NFS3.notOwner)
  assert.equal(
    await served.status(PROCEDURE.setAttributes, all(file, owner(1001, 100), unguarded), mine),
    NFS3.notOwner,
  )
  fs.chmodSync(served.path, 0o1777)
  assert.equal(await served.status(PROCEDURE.remove, at('a'), other), NFS3.access)
  assert.equal(await served.status(PROCEDURE.rename, all(at('a'), at('b')), other), NFS3.access)
  await served.create('b', 0o644, other)
  assert.equal(await served.status(PROCEDURE.rename, all(at('b'), at('a')), other), NFS3.access)
  assert.equal(await served.status(PROCEDURE.write, all(file, data(0, TEXT)), mine), NFS3.ok)
  assert.equal(fs.statSync(join(served.path, 'a')).mode & 0o7777, 0o755) // set-user-id went with the write
  fs.chmodSync(served.path, 0o755)
  assert.equal(await served.status(PROCEDURE.makeDirectory, at('d', mode(0o755)), mine), NFS3.access)
  const node = all(
    at('n'),
    (w) => w.u32(4),
    mode(0o666),
    (w) => w.u32(1).u32(3),
  )
  fs.chmodSync(served.path, 0o777)
  assert.equal(await served.status(PROCEDURE.makeNode, node, mine), NFS3.notOwner)
})

test('A set-group-id directory passes its group on', { skip: !isRoot }, async () => {
  await using served = await Served.open()
  fs.chownSync(served.path, 0, 777)
  fs.chmodSync(served.path, 0o2777)
  await served.create('a', 0o644, user(1000))
  await served.ask(PROCEDURE.makeDirectory, all(served.root, name('d'), mode(0o755)), user(1000))
  assert.equal(fs.statSync(join(served.path, 'a')).gid, 777)
  assert.equal(fs.statSync(join(served.path, 'd')).gid, 777)
  assert.equal(fs.statSync(join(served.path, 'd')).mode & 0o7777, 0o2755)
})

test('Root is squashed to nobody, all to nobody, and nobody where it is not', { skip: !isRoot }, async () => {
  for (const [squash, credential, uid] of [
    ['root', ROOT_CREDENTIAL, 65_534],
    ['root', user(1000), 1000],
    ['all', user(1000), 65_534],
    ['none', ROOT_CREDENTIAL, 0],
  ] as const) {
    await using served = await Served.open({ ...OPEN, squash })
    await served.create('a', 0o644, credential)
    assert.equal(fs.statSync(join(served.path, 'a')).uid, uid)
  }
})

test('An export that grants nothing shows nothing; one that grants reading changes nothing', async () => {
  await using served = await Served.open(READ_ONLY)
  fs.writeFileSync(join(served.path, 'a'), 'kept')
  for (const [procedure, args] of changes(served.root)) {
    if (procedure !== PROCEDURE.write) assert.equal(await served.status(procedure, args), NFS3.readOnlyFileSystem)
  }
  const node = (await served.tree.lookup(served.tree.root, 'a')) ?? assert.fail()
  assert.equal(await served.status(PROCEDURE.write, all(handle(node), data(0, TEXT))), NFS3.readOnlyFileSystem)
  const none = new Harness(served.tree, () => undefined)
  for (const [procedure, args] of [...changes(served.root), [PROCEDURE.getAttributes, served.root] as const]) {
    assert.equal((await none.nfs(procedure, args)).u32('status'), NFS3.access, `procedure ${procedure}`)
  }
})

test('READDIR goes on where it was while names come and go', async () => {
  await using served = await Served.open()
  for (let at = 0; at < 200; at += 1) fs.writeFileSync(join(served.path, `f${at}`), '')
  const seen: string[] = []
  let cookie = 0
  for (let page = 0; page < 100; page += 1) {
    const args: Put = all(served.root, (w) => w.u64(cookie).u64(0).u32(1000))
    const [status, results] = await served.ask(PROCEDURE.readDirectory, args)
    assert.equal(status, NFS3.ok)
    results.fixed(4 + 84 + 8, 'attributes and verifier')
    while (results.u32('more') === 1) {
      results.u64('fileid')
      seen.push(results.string(255, 'name'))
      cookie = results.u64('cookie')
    }
    for (const called of seen) if (called.startsWith('f')) fs.rmSync(join(served.path, called), { force: true })
    if (results.u32('eof') === 1) break
  }
  assert.equal(seen.length, 202)
  assert.equal(new Set(seen).size, 202)
  assert.deepEqual(fs.readdirSync(served.path), [])
})
