import assert from 'node:assert/strict'
import { chmod, lstat, mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock, type TestContext, test } from 'node:test'
import { LiveFile } from '../../../storage/writable/live-file.ts'
import { WritableDirectory } from '../../../storage/writable-directory.ts'
import { TreeError, type TreeErrorCode } from '../../../storage/writable-tree.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { VERIFIER, user } from '../harness.ts'
import { READ_ONLY } from '../policy.ts'
import { ATTRIBUTE } from './attribute.ts'
import { bitmapOf, readBitmap, writeBitmap } from './bitmap.ts'
import { OP } from './constants.ts'
import {
  Harness4,
  type Op,
  SessionClient,
  expectOk,
  getAttributesOp,
  getHandle,
  lookupOp,
  putRoot,
  walk,
} from './harness.ts'
import { NFS4 } from './status.ts'

const WRITES = { ...READ_ONLY, writes: true }
const CURRENT = Buffer.from(`00000001${'00'.repeat(12)}`, 'hex')
const SAVE: Op = (w) => w.u32(OP.saveHandle)

interface Place {
  readonly directory: string
  readonly client: SessionClient
  readonly harness: Harness4
}

/** An export that this client may write. */
async function place(t: TestContext, onRefusal = (_: TreeErrorCode): void => undefined): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'netroot-nfs4-'))
  await chmod(directory, 0o755)
  const tree = await WritableDirectory.open(directory)
  t.after(async () => {
    await tree.close()
    await rm(directory, { recursive: true, force: true })
  })
  const harness = await Harness4.open({ tree, policy: () => WRITES, onRefusal })
  return { directory, harness, client: await SessionClient.connect(harness) }
}

/** fattr4 of a mode alone. */
const mode = (w: XdrWriter, value: number): XdrWriter => {
  writeBitmap(w, bitmapOf([ATTRIBUTE.mode]))
  return w.u32(4).u32(value)
}
/** OPEN that makes a file: `how` writes createhow4 behind the open type. */
const createFileOp =
  (name: string, how: (w: XdrWriter) => unknown, access = 3): Op =>
  (w) => {
    w.u32(OP.open).u32(0).u32(access).u32(0).u64(0).string('process').u32(1)
    how(w)
    w.u32(0).string(name)
  }
const unchecked =
  (value = 0o640) =>
  (w: XdrWriter) =>
    mode(w.u32(0), value)
const guarded = (w: XdrWriter): XdrWriter => mode(w.u32(1), 0o600)
const exclusive = (verifier: string) => (w: XdrWriter) => mode(w.u32(3).fixed(Buffer.from(verifier)), 0o600)
const writeOp =
  (text: string, offset = 0, stable = 0): Op =>
  (w) =>
    w.u32(OP.write).fixed(CURRENT).u64(offset).u32(stable).opaque(Buffer.from(text))
const closeOp: Op = (w) => w.u32(OP.close).u32(0).fixed(CURRENT)
const commitOp: Op = (w) => w.u32(OP.commit).u64(0).u32(0)
const createOp =
  (type: number, name: string, target?: string): Op =>
  (w) => {
    w.u32(OP.create).u32(type)
    if (target !== undefined) w.string(target)
    mode(w.string(name), 0o750)
  }
const named =
  (op: number, ...names: readonly string[]): Op =>
  (w) => {
    w.u32(op)
    for (const name of names) w.string(name)
  }

test('OPEN makes a file, WRITE and COMMIT fill it, and COMMIT carries the verifier of this run of the server', async (t) => {
  const { directory, client } = await place(t)
  const ops = [
    ...walk(),
    createFileOp('new', unchecked()),
    writeOp('hello '),
    writeOp('world', 6, 2),
    commitOp,
    closeOp,
  ]
  const { status, results } = await client.run(ops)
  assert.equal(status, NFS4.ok)
  for (const op of [OP.putRootHandle, OP.lookup, OP.lookup]) expectOk(results, op)
  expectOk(results, OP.open).fixed(16, 'stateid')
  assert.equal(results.bool('atomic'), false)
  assert.ok(results.u64('before') < results.u64('after'))
  results.u32('flags')
  assert.deepEqual(readBitmap(results), bitmapOf([ATTRIBUTE.mode]))
  results.u32('no delegation')
  for (const [bytes, stable] of [
    [6, 0],
    [5, 2],
  ]) {
    expectOk(results, OP.write)
    assert.deepEqual([results.u32('count'), results.u32('committed')], [bytes, stable])
    assert.deepEqual(results.fixed(8, 'verifier'), Buffer.from(VERIFIER))
  }
  assert.deepEqual(expectOk(results, OP.commit).fixed(8, 'verifier'), Buffer.from(VERIFIER))
  assert.equal(await readFile(join(directory, 'new'), 'utf8'), 'hello world')
  assert.equal((await lstat(join(directory, 'new'))).mode & 0o7777, 0o640)
})

test('a file that is there is opened, refused or cut, as the create mode says', async (t) => {
  const { directory, client } = await place(t)
  await writeFile(join(directory, 'old'), 'content')
  assert.equal((await client.run([...walk(), createFileOp('old', unchecked()), closeOp])).status, NFS4.ok)
  assert.equal(await readFile(join(directory, 'old'), 'utf8'), 'content')
  assert.equal((await client.run([...walk(), createFileOp('old', guarded)])).status, NFS4.exists)
  const cut = (w: XdrWriter): unknown => (writeBitmap(w.u32(0), bitmapOf([ATTRIBUTE.size])), w.u32(8).u64(0))
  assert.equal((await client.run([...walk(), createFileOp('old', cut), closeOp])).status, NFS4.ok)
  assert.equal(await readFile(join(directory, 'old'), 'utf8'), '')
  assert.equal((await client.run([...walk(), createFileOp('once', exclusive('verifier')), closeOp])).status, NFS4.ok)
  assert.equal(
    (await client.run([...walk(), createFileOp('once', exclusive('verifier')), closeOp])).status,
    NFS4.ok,
    'asked again',
  )
  assert.equal((await client.run([...walk(), createFileOp('once', exclusive('another1'))])).status, NFS4.exists)
})

test('CREATE makes what is no file; REMOVE takes files and empty directories', async (t) => {
  const { directory, client } = await place(t)
  // What was made is the current file.
  assert.equal(
    (await client.run([...walk(), createOp(2, 'sub'), createOp(5, 'link', '../etc'), getHandle])).status,
    NFS4.ok,
  )
  assert.equal(await readlink(join(directory, 'sub/link')), '../etc')
  assert.equal((await client.run([...walk(), createOp(7, 'pipe')])).status, NFS4.ok)
  assert.ok((await lstat(join(directory, 'pipe'))).isFIFO())
  assert.equal((await client.run([...walk(), createOp(1, 'file')])).status, NFS4.badType)
  assert.equal((await client.run([...walk(), createOp(2, 'sub')])).status, NFS4.exists)
  assert.equal((await client.run([...walk(), named(OP.remove, 'sub')])).status, NFS4.notEmpty)
  assert.equal((await client.run([...walk('sub'), named(OP.remove, 'link')])).status, NFS4.ok)
  assert.equal((await client.run([...walk(), named(OP.remove, 'sub'), named(OP.remove, 'pipe')])).status, NFS4.ok)
  assert.deepEqual(await readdir(directory), [])
})

test('RENAME and LINK work between the saved and the current file, and not between exports', async (t) => {
  const { directory, client } = await place(t)
  await writeFile(join(directory, 'one'), 'one')
  await client.run([...walk(), createOp(2, 'sub')])
  assert.equal((await client.run([...walk(), SAVE, lookupOp('sub'), named(OP.rename, 'one', 'two')])).status, NFS4.ok)
  assert.equal((await client.run([...walk('sub', 'two'), SAVE, ...walk(), named(OP.link, 'three')])).status, NFS4.ok)
  assert.equal(await readFile(join(directory, 'three'), 'utf8'), 'one')
  assert.equal((await lstat(join(directory, 'three'))).nlink, 2)
  const across = await client.run([...walk(), SAVE, putRoot, lookupOp('two'), named(OP.rename, 'three', 'x')])
  assert.equal(across.status, NFS4.readOnlyFileSystem)
  assert.equal((await client.run([...walk(), named(OP.rename, 'three', 'x')])).status, NFS4.noFileHandle)
})

test('SETATTR changes what it is sent, tells which, and refuses what nobody may', async (t) => {
  const { directory, client } = await place(t)
  await writeFile(join(directory, 'file'), 'content')
  const set =
    (bits: readonly number[], write: (w: XdrWriter) => unknown, length: number): Op =>
    (w) => {
      writeBitmap(w.u32(OP.setAttributes).fixed(Buffer.alloc(16)), bitmapOf(bits))
      write(w.u32(length))
    }
  const several = set(
    [ATTRIBUTE.size, ATTRIBUTE.mode, ATTRIBUTE.setModifyTime],
    (w) => w.u64(3).u32(0o604).u32(1).u64(86_400).u32(5),
    28,
  )
  const { status, results } = await client.run([...walk('file'), several])
  assert.equal(status, NFS4.ok)
  for (const op of [OP.putRootHandle, OP.lookup, OP.lookup, OP.lookup, OP.setAttributes]) expectOk(results, op)
  assert.deepEqual(readBitmap(results), bitmapOf([ATTRIBUTE.size, ATTRIBUTE.mode, ATTRIBUTE.setModifyTime]))
  const stats = await lstat(join(directory, 'file'), { bigint: true })
  assert.deepEqual([stats.size, stats.mode & 0o7777n, stats.mtimeNs], [3n, 0o604n, 86_400_000_000_005n])
  const changeMode = set([ATTRIBUTE.mode], (w) => w.u32(0o777), 4)
  assert.equal((await client.run([...walk('file'), changeMode], { credential: user(1000) })).status, NFS4.notOwner)
  const name = set([ATTRIBUTE.owner], (w) => w.string('somebody@here'), 20)
  assert.equal((await client.run([...walk('file'), name])).status, NFS4.badOwner)
  const fileId = set([ATTRIBUTE.fileId], (w) => w.u64(1), 8)
  assert.equal((await client.run([...walk('file'), fileId])).status, NFS4.invalid)
  const unknown = set([ATTRIBUTE.supported + 12], (w) => w, 0)
  assert.equal((await client.run([...walk('file'), unknown])).status, NFS4.attributeNotSupported)
})

test('WRITE is refused without an open for writing, and in an export that is read-only for this client', async (t) => {
  const { directory, client, harness } = await place(t)
  await writeFile(join(directory, 'file'), 'content', { mode: 0o644 })
  const readOnly = createFileOp('file', unchecked(), 1)
  assert.equal((await client.run([...walk(), readOnly, writeOp('x')])).status, NFS4.openMode)
  const stranger = { credential: user(1000) }
  const anonymous: Op = (w) => w.u32(OP.write).fixed(Buffer.alloc(16)).u64(0).u32(0).opaque(Buffer.from('x'))
  assert.equal((await client.run([...walk('file'), anonymous], stranger)).status, NFS4.access)
  harness.policy = () => READ_ONLY
  assert.equal((await client.run([...walk('file'), anonymous])).status, NFS4.readOnlyFileSystem)
  assert.equal((await client.run([...walk(), named(OP.remove, 'file')])).status, NFS4.readOnlyFileSystem)
  harness.policy = () => undefined
  assert.equal((await client.run(walk())).status, NFS4.access)
})

test('SEEK and READ_PLUS tell where a file has holes; DEALLOCATE makes one', async (t) => {
  const { directory, client } = await place(t)
  await writeFile(join(directory, 'file'), Buffer.alloc(256 * 1024, 'x'))
  const punch: Op = (w) =>
    w
      .u32(OP.deallocate)
      .fixed(Buffer.alloc(16))
      .u64(0)
      .u64(128 * 1024)
  assert.equal((await client.run([...walk('file'), punch])).status, NFS4.ok)
  const seek = async (offset: number, what: number): Promise<readonly unknown[]> => {
    const op: Op = (w) => w.u32(OP.seek).fixed(Buffer.alloc(16)).u64(offset).u32(what)
    const { status, results } = await client.run([...walk('file'), op])
    if (status !== NFS4.ok) return [status]
    for (const done of [OP.putRootHandle, OP.lookup, OP.lookup, OP.lookup, OP.seek]) expectOk(results, done)
    return [results.bool('eof'), results.u64('offset')]
  }
  assert.deepEqual(await seek(0, 0), [false, 128 * 1024])
  assert.deepEqual(await seek(128 * 1024, 1), [true, 256 * 1024])
  assert.deepEqual(await seek(256 * 1024, 0), [NFS4.noSuchPosition])
  const read: Op = (w) =>
    w
      .u32(OP.readPlus)
      .fixed(Buffer.alloc(16))
      .u64(0)
      .u32(64 * 1024)
  const { results } = await client.run([...walk('file'), read])
  for (const done of [OP.putRootHandle, OP.lookup, OP.lookup, OP.lookup, OP.readPlus]) expectOk(results, done)
  assert.deepEqual([results.bool('eof'), results.u32('pieces'), results.u32('hole')], [false, 1, 1])
})

test('a full disk and a quota that is used up are told by their names, to the client and to the export', async (t) => {
  const refused: TreeErrorCode[] = []
  const { client } = await place(t, (code) => void refused.push(code))
  const wanted = { ENOSPC: NFS4.noSpace, EDQUOT: NFS4.quota } as const
  for (const code of ['ENOSPC', 'EDQUOT'] as const) {
    const full = (): never => {
      throw new TreeError(code, 'no room')
    }
    const mocks = [mock.method(LiveFile.prototype, 'write', full), mock.method(LiveFile.prototype, 'commit', full)]
    const ops = [...walk(), createFileOp(code, unchecked())]
    assert.equal((await client.run([...ops, writeOp('text')])).status, wanted[code])
    for (const one of mocks) one.mock.restore()
    assert.equal((await client.run([...ops, writeOp('text')])).status, NFS4.ok, 'there is room again')
  }
  assert.deepEqual(refused, ['ENOSPC', 'EDQUOT'])
})

test('user attributes are set, listed, read and removed', async (t) => {
  const { client } = await place(t)
  await client.run([...walk(), createFileOp('file', unchecked()), closeOp])
  const set =
    (option: number, value: string): Op =>
    (w) =>
      w.u32(OP.setXattr).u32(option).string('mime').opaque(Buffer.from(value))
  assert.equal((await client.run([...walk('file'), set(2, 'x')])).status, NFS4.noXattr)
  assert.equal((await client.run([...walk('file'), set(1, 'text')])).status, NFS4.ok)
  assert.equal((await client.run([...walk('file'), set(1, 'text')])).status, NFS4.exists)
  const list: Op = (w) => w.u32(OP.listXattrs).u64(0).u32(1000)
  const { results, status } = await client.run([...walk('file'), list, named(OP.getXattr, 'mime')])
  assert.equal(status, NFS4.ok)
  for (const done of [OP.putRootHandle, OP.lookup, OP.lookup, OP.lookup, OP.listXattrs]) expectOk(results, done)
  results.u64('cookie')
  assert.deepEqual([results.u32('count'), results.string(10, 'name'), results.bool('eof')], [1, 'mime', true])
  assert.equal(expectOk(results, OP.getXattr).opaque(10, 'value').toString(), 'text')
  assert.equal((await client.run([...walk('file'), named(OP.removeXattr, 'mime')])).status, NFS4.ok)
  assert.equal((await client.run([...walk('file'), named(OP.getXattr, 'mime')])).status, NFS4.noXattr)
})

test('READDIR goes on where it was although names were removed meanwhile', async (t) => {
  const { directory, client } = await place(t)
  for (let at = 0; at < 100; at += 1) await writeFile(join(directory, `file${at}`), '')
  const seen = new Set<string>()
  let cookie = 0
  for (let done = false; !done; ) {
    const list: Op = (w) =>
      writeBitmap(w.u32(OP.readDirectory).u64(cookie).u64(0).u32(600).u32(600), bitmapOf([ATTRIBUTE.fileId]))
    const { results, status } = await client.run([...walk(), list])
    assert.equal(status, NFS4.ok)
    for (const op of [OP.putRootHandle, OP.lookup, OP.lookup]) expectOk(results, op)
    expectOk(results, OP.readDirectory).fixed(8, 'verifier')
    while (results.bool('another')) {
      cookie = results.u64('cookie')
      const name = results.string(255, 'name')
      assert.ok(!seen.has(name), name)
      seen.add(name)
      readBitmap(results)
      results.opaque(100, 'values')
      await rm(join(directory, name))
    }
    done = results.bool('eof')
  }
  assert.equal(seen.size, 100)
})

test('the change attribute rises with each change, and GETATTR behind a WRITE tells the new size', async (t) => {
  const { client } = await place(t)
  const attributes = getAttributesOp(ATTRIBUTE.change, ATTRIBUTE.size)
  const ops = [...walk(), createFileOp('file', unchecked()), attributes, writeOp('12345'), attributes]
  const { results, status } = await client.run(ops)
  assert.equal(status, NFS4.ok)
  for (const op of [OP.putRootHandle, OP.lookup, OP.lookup]) expectOk(results, op)
  expectOk(results, OP.open).fixed(16 + 20 + 4 + 12 + 4, 'stateid, change info, flags, bits, no delegation')
  const read = (): Buffer => {
    expectOk(results, OP.getAttributes)
    readBitmap(results)
    return Buffer.from(results.opaque(16, 'values'))
  }
  const before = read()
  expectOk(results, OP.write).fixed(16, 'count, committed, verifier')
  const after = read()
  assert.deepEqual([before.readBigUInt64BE(8), after.readBigUInt64BE(8)], [0n, 5n])
  assert.ok(after.readBigUInt64BE(0) > before.readBigUInt64BE(0))
})

test('O_EXCL keeps the umask: suppattr_exclcreat of version 4.2 has mode_umask, and an exclusive create takes it', async (t) => {
  const { directory, client } = await place(t)
  const { status, results } = await client.run([...walk(), getAttributesOp(ATTRIBUTE.exclusiveCreate)])
  assert.equal(status, NFS4.ok)
  for (const done of [OP.putRootHandle, OP.lookup, OP.lookup, OP.getAttributes]) expectOk(results, done)
  readBitmap(results)
  results.u32('bytes')
  const words = readBitmap(results)
  assert.equal(((words[2] ?? 0) >> (ATTRIBUTE.modeAndUmask - 64)) & 1, 1)
  const how = (w: XdrWriter): unknown => {
    writeBitmap(w.u32(3).fixed(Buffer.from('verifier')), bitmapOf([ATTRIBUTE.modeAndUmask]))
    return w.u32(8).u32(0o666).u32(0o022)
  }
  assert.equal((await client.run([...walk(), createFileOp('new', how)])).status, NFS4.ok)
  assert.equal((await lstat(join(directory, 'new'))).mode & 0o7777, 0o644)
})
