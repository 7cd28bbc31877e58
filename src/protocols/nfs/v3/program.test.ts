import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex, toHex } from '../../../wire/hex.ts'
import type { XdrReader } from '../../rpc/xdr-reader.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { Harness, NODE, VERIFIER, handle, slowTree, smallTree, user } from '../harness.ts'
import { type Put, all as join, changes, data, name as called } from './arguments.ts'
import { NFS3, PROCEDURE } from './constants.ts'

/** fattr3 of tool: a file of 5000 bytes, 4096 used, mode 4755. */
const TOOL = [
  '00000001 000009ed 00000001', // file, mode 04755, 1 link
  '00000000 00000000', // uid, gid
  '0000000000001388 0000000000001000', // 5000 bytes, 4096 used
  '00000000 00000000', // rdev
  'a0a1a2a3a4a5a6a7', // fsid: the first half of the key
  '0000000000000006', // fileid: node 5 and 1
  '65c00000 0000000a'.repeat(3), // atime, mtime, ctime
].join('')
const POST_OP = `00000001${TOOL}`
const WCC = `00000001 0000000000001388 ${'65c00000 0000000a'.repeat(2)} ${POST_OP}`

const rest = (r: XdrReader): string => toHex(r.fixed(r.remaining, 'rest'))
const plain = (digits: string): string => toHex(hex(digits))
const tool = handle(NODE.tool)

/** The status of a procedure, its other results left. */
async function ask(procedure: number, args: (w: XdrWriter) => unknown, credential?: ReturnType<typeof user>) {
  const results = await new Harness().nfs(procedure, args, credential)
  return { status: results.u32('status'), results }
}
const lookupIn =
  (directory: number, name: string) =>
  (w: XdrWriter): void => {
    handle(directory)(w)
    w.string(name)
  }

test('GETATTR gives fattr3', async () => {
  const { status, results } = await ask(PROCEDURE.getAttributes, tool)
  assert.equal(status, NFS3.ok)
  assert.equal(rest(results), plain(TOOL))
})

test('GETATTR gives the numbers of a device, and the type of everything', async () => {
  const { results } = await ask(PROCEDURE.getAttributes, handle(NODE.null))
  assert.equal(results.u32('type'), 4)
  results.fixed(32, 'mode to used')
  assert.deepEqual([results.u32('major'), results.u32('minor')], [1, 3])
  for (const [node, type] of [
    [NODE.root, 2],
    [NODE.bin, 5],
  ] as const) {
    assert.equal((await ask(PROCEDURE.getAttributes, handle(node))).results.u32('type'), type)
  }
})

test('LOOKUP gives handle and attributes of the child and of the directory', async () => {
  const { status, results } = await ask(PROCEDURE.lookup, lookupIn(NODE.root, 'tool'))
  assert.equal(status, NFS3.ok)
  const handleOfTool = '0000001c 00000001 0000000000000005 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf'
  assert.equal(toHex(results.fixed(32 + 88, 'child')), plain(handleOfTool + POST_OP))
  assert.equal(results.u32('attributes follow'), 1)
  assert.equal(results.u32('type'), 2)
})

test('LOOKUP knows . and .., and that there is nothing above the root', async () => {
  for (const [directory, name, found] of [
    [NODE.etc, '.', NODE.etc],
    [NODE.etc, '..', NODE.root],
    [NODE.root, '..', NODE.root],
  ] as const) {
    const { results } = await ask(PROCEDURE.lookup, lookupIn(directory, name))
    results.fixed(8, 'handle length and layout')
    assert.equal(results.u64('node'), found, name)
  }
})

test('LOOKUP says why it finds nothing, with the attributes of the directory', async () => {
  for (const [directory, name, wanted] of [
    [NODE.root, 'nothing', NFS3.noEntry],
    [NODE.root, 'etc/hostname', NFS3.noEntry],
    [NODE.root, '', NFS3.access],
    [NODE.root, 'n'.repeat(255), NFS3.noEntry],
    [NODE.root, 'n'.repeat(256), NFS3.nameTooLong],
    [NODE.tool, 'x', NFS3.notDirectory],
  ] as const) {
    const { status, results } = await ask(PROCEDURE.lookup, lookupIn(directory, name))
    assert.equal(status, wanted, name)
    assert.equal(results.u32('attributes follow'), 1)
  }
})

test('LOOKUP keeps a user out of a directory that is not theirs', async () => {
  const args = lookupIn(NODE.secret, 'x')
  assert.equal((await ask(PROCEDURE.lookup, args, user(1001))).status, NFS3.access)
  assert.equal((await ask(PROCEDURE.lookup, args, user(1000))).status, NFS3.noEntry)
  assert.equal((await ask(PROCEDURE.lookup, args)).status, NFS3.noEntry)
})

test('READLINK gives the target, and NFS3ERR_INVAL for what is no symlink', async () => {
  const { status, results } = await ask(PROCEDURE.readLink, handle(NODE.bin))
  assert.equal(status, NFS3.ok)
  results.fixed(88, 'attributes')
  assert.equal(rest(results), plain('00000007 7573722f62696e 00')) // "usr/bin"
  assert.equal((await ask(PROCEDURE.readLink, tool)).status, NFS3.invalid)
})

const readPart =
  (node: number, offset: number, count: number) =>
  (w: XdrWriter): void => {
    handle(node)(w)
    w.u64(offset).u32(count)
  }

test('READ gives attributes, count, eof and the bytes', async () => {
  const { status, results } = await ask(PROCEDURE.read, readPart(NODE.hostname, 2, 5))
  assert.equal(status, NFS3.ok)
  results.fixed(88, 'attributes')
  assert.equal(rest(results), plain('00000005 00000000 00000005 736b6c6573 000000')) // "skles", not the end
})

test('READ stops at the end of the file and says so', async () => {
  for (const [offset, count, bytes, eof] of [
    [4, 100, 5, 1],
    [0, 9, 9, 1],
    [0, 8, 8, 0],
    [9, 1, 0, 1],
    [2 ** 40, 1, 0, 1],
    [0, 0, 0, 0],
    [0, 0xffff_ffff, 9, 1],
  ] as const) {
    const { results } = await ask(PROCEDURE.read, readPart(NODE.hostname, offset, count))
    results.fixed(88, 'attributes')
    const found = [results.u32('count'), results.u32('eof'), results.opaque(1000, 'data').byteLength]
    assert.deepEqual(found, [bytes, eof, bytes], `${count} bytes from ${offset}`)
    assert.equal(results.remaining, 0)
  }
})

test('READ tells of its bytes', async () => {
  const harness = new Harness()
  await harness.nfs(PROCEDURE.read, readPart(NODE.hostname, 0, 4))
  assert.deepEqual(harness.reads, [['10.0.0.9', '/release/one', 4]])
})

test('READ refuses what is no file, and users who may neither read nor run it', async () => {
  assert.equal((await ask(PROCEDURE.read, readPart(NODE.etc, 0, 9))).status, NFS3.invalid)
  const tree = smallTree()
  const closed = { ...tree.attributes(NODE.hostname), mode: 0o640 }
  const guarded = Object.assign(smallTree(), { attributes: () => closed })
  const statusFor = async (caller: ReturnType<typeof user>): Promise<number> =>
    (await new Harness(guarded).nfs(PROCEDURE.read, readPart(NODE.hostname, 0, 9), caller)).u32('status')
  assert.equal(await statusFor(user(1000)), NFS3.access)
  assert.equal(await statusFor(user(1000, 5)), NFS3.ok)
  assert.equal(await statusFor(user(1000, 100, [4, 5])), NFS3.ok)
  assert.equal(await statusFor(user(0)), NFS3.ok)
})

test('ACCESS grants what the mode lets this caller, and never a change', async () => {
  const all = 0x3f
  const granted = async (node: number, caller?: ReturnType<typeof user>): Promise<number> => {
    const args = (w: XdrWriter): void => {
      handle(node)(w)
      w.u32(all)
    }
    const { results } = await ask(PROCEDURE.access, args, caller)
    results.fixed(88, 'attributes')
    return results.u32('granted')
  }
  assert.equal(await granted(NODE.tool), 0x21) // root: read, execute
  assert.equal(await granted(NODE.hostname), 0x01) // nobody may run it
  assert.equal(await granted(NODE.etc), 0x03) // read, lookup
  assert.equal(await granted(NODE.tool, user(1000)), 0x21)
  assert.equal(await granted(NODE.secret, user(1001)), 0)
  assert.equal(await granted(NODE.secret, user(1000)), 0x03)
  assert.equal(await granted(NODE.secret), 0x03)
})

test('FSSTAT, FSINFO, PATHCONF and COMMIT describe a full read-only file system', async () => {
  const after = async (procedure: number, args: (w: XdrWriter) => unknown, skip: number): Promise<string> => {
    const { status, results } = await ask(procedure, args)
    assert.equal(status, NFS3.ok)
    results.fixed(skip, 'attributes')
    return rest(results)
  }
  const none = '0000000000000000'
  const statistics = `0000000000001009 ${none} ${none} 0000000000000008 ${none} ${none} 00000000` // 4096 + 9 bytes, 8 files
  assert.equal(await after(PROCEDURE.fsStatistics, tool, 88), plain(statistics))
  const info = `00100000 00100000 00001000 00100000 00100000 00001000 00010000 7fffffffffffffff 00000000 00000001 0000000b`
  assert.equal(await after(PROCEDURE.fsInfo, tool, 88), plain(info))
  const configuration = '0000fde8 000000ff 00000001 00000001 00000000 00000001'
  assert.equal(await after(PROCEDURE.pathConfiguration, tool, 88), plain(configuration))
  assert.equal(await after(PROCEDURE.commit, readPart(NODE.tool, 0, 0), 0), plain(WCC) + toHex(VERIFIER))
})

test('Procedures that write say NFS3ERR_ROFS in a release, and that nothing has changed', async () => {
  const attributes = async (node: number): Promise<string> =>
    rest((await ask(PROCEDURE.getAttributes, handle(node))).results)
  for (const [procedure, args] of changes(handle(NODE.etc))) {
    if (procedure === PROCEDURE.write) continue
    const { status, results } = await ask(procedure, args)
    assert.equal(status, NFS3.readOnlyFileSystem, `procedure ${procedure}`)
    assert.ok(rest(results).endsWith(await attributes(NODE.etc)), `procedure ${procedure}`)
  }
  const { status, results } = await ask(PROCEDURE.write, join(tool, data(0, Buffer.from('x'))))
  assert.deepEqual([status, rest(results)], [NFS3.readOnlyFileSystem, plain(WCC)])
})

/** Arguments of every procedure with these handles. */
function everyProcedure(
  put: (w: XdrWriter) => void,
): (readonly [procedure: number, args: (w: XdrWriter) => unknown])[] {
  const changing = changes(put)
  const known = new Set(changing.map(([procedure]) => procedure))
  const others = Array.from({ length: 21 }, (_, at) => at + 1).filter((procedure) => !known.has(procedure))
  const words: Put = (w) => w.u64(0).u64(0).u32(512).u32(512)
  return [...changing, ...others.map((at) => [at, join(put, at === PROCEDURE.lookup ? called('x') : words)] as const)]
}

test('Every procedure says NFS3ERR_BADHANDLE for a handle that is not ours', async () => {
  for (const [procedure, args] of everyProcedure((w) => w.opaque(hex('0badf00d')))) {
    const { status, results } = await ask(procedure, args)
    assert.equal(status, NFS3.badHandle, `procedure ${procedure}`)
    assert.match(rest(results), /^(?:00000000)*$/) // no attributes follow
  }
})

test('Every procedure says NFS3ERR_STALE for a node and for an export that are not there', async () => {
  const other = Uint8Array.from({ length: 16 }, () => 0xbb)
  for (const put of [handle(4711), handle(2 ** 53), handle(NODE.tool, other)]) {
    for (const [procedure, args] of everyProcedure(put)) {
      assert.equal((await ask(procedure, args)).status, NFS3.stale, `procedure ${procedure}`)
    }
  }
})

test('A tree that cannot be read gives NFS3ERR_IO', async () => {
  const broken = Object.assign(smallTree(), { open: () => assert.fail('the disk is gone') })
  const results = await new Harness(broken).nfs(PROCEDURE.read, readPart(NODE.tool, 0, 9))
  assert.equal(rest(results), plain('00000005 00000000'))
})

test('Answers are the same from a tree that answers later', async () => {
  const [quick, slow] = [new Harness(), new Harness(slowTree(smallTree()))]
  const calls = [
    [PROCEDURE.getAttributes, tool],
    [PROCEDURE.lookup, lookupIn(NODE.etc, 'hostname')],
    [PROCEDURE.lookup, lookupIn(NODE.etc, 'nothing')],
    [PROCEDURE.read, readPart(NODE.tool, 4000, 2000)],
    [PROCEDURE.readLink, handle(NODE.bin)],
    [PROCEDURE.fsStatistics, tool],
    [PROCEDURE.getAttributes, handle(4711)],
  ] as const
  for (const [procedure, args] of calls) {
    assert.equal(rest(await slow.nfs(procedure, args)), rest(await quick.nfs(procedure, args)))
  }
})
