import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../../wire/hex.ts'
import { user } from '../harness.ts'
import { ATTRIBUTE } from './attribute.ts'
import { readBitmap, hasBit, writeBitmap, bitmapOf } from './bitmap.ts'
import { OP } from './constants.ts'
import { Harness4, type Op, expectOk, getAttributesOp, getHandle, lookupOp, putRoot, walk } from './harness.ts'
import { NFS4 } from './status.ts'

const harness = await Harness4.open()
const run = (ops: readonly Op[], credential?: Parameters<Harness4['compound']>[2]) =>
  harness.compound(0, ops, credential)
const ACCESS_READ: Op = (w) => w.u32(OP.access).u32(0x3f)

test('COMPOUND walks from the pseudo root through an export and tells attributes as RFC 7530 orders them', async () => {
  const { status, bytes } = await run([
    ...walk('tool'),
    getAttributesOp(ATTRIBUTE.type, ATTRIBUTE.size, ATTRIBUTE.mode, ATTRIBUTE.owner),
  ])
  assert.equal(status, NFS4.ok)
  const [putRootResult, lookupResult] = ['00000018' + /* PUTROOTFH */ '00000000', '0000000f' + /* LOOKUP */ '00000000']
  const attributes =
    '00000009' +
    /* GETATTR */ '00000000' /* NFS4_OK */ +
    '00000002' +
    /* two words */ '00000012' +
    /* type, size */ '00000012' /* mode, owner */ +
    '00000018' +
    /* 24 bytes */ '00000001' +
    /* NF4REG */ '0000000000001388' /* 5000 */ +
    '000009ed' +
    /* 04755 */ '00000001' +
    '30000000' /* "0" */
  assert.equal(toHex(bytes), putRootResult + lookupResult.repeat(3) + attributes)
})

test('the pseudo file system lists the ways to the exports, and its file system is another one', async () => {
  const { results, status } = await run([
    putRoot,
    getAttributesOp(ATTRIBUTE.fileSystemId),
    (w) => writeBitmap(w.u32(OP.readDirectory).u64(0).u64(0).u32(1000).u32(1000), bitmapOf([ATTRIBUTE.type])),
    lookupOp('release'),
    lookupOp('one'),
    getAttributesOp(ATTRIBUTE.fileSystemId, ATTRIBUTE.fileId, ATTRIBUTE.mountedOnFileId),
    (w) => w.u32(OP.lookupParent),
    getAttributesOp(ATTRIBUTE.fileSystemId, ATTRIBUTE.fileId),
  ])
  assert.equal(status, NFS4.ok)
  expectOk(results, OP.putRootHandle)
  expectOk(results, OP.getAttributes)
  readBitmap(results)
  assert.equal(toHex(results.opaque(100, 'values')), '0'.repeat(32))
  expectOk(results, OP.readDirectory)
  results.fixed(8, 'verifier')
  const names: string[] = []
  while (results.bool('another')) {
    results.u64('cookie')
    names.push(results.string(255, 'name'))
    readBitmap(results)
    results.opaque(100, 'values')
  }
  assert.deepEqual(names, ['release', 'two'])
  assert.equal(results.bool('eof'), true)
  expectOk(results, OP.lookup)
  expectOk(results, OP.lookup)
  expectOk(results, OP.getAttributes)
  readBitmap(results)
  const inExport = results.opaque(100, 'values')
  assert.equal(toHex(inExport.subarray(0, 16)), '00000000a0a1a2a300000000a4a5a6a7')
  assert.notEqual(toHex(inExport.subarray(16, 24)), toHex(inExport.subarray(24, 32)))
  expectOk(results, OP.lookupParent)
})

test('every attribute that is said to be supported can be asked for, each minor version its own', async () => {
  for (const minor of [0, 1, 2]) {
    const { results } =
      minor === 0 ? await run([putRoot, getAttributesOp(ATTRIBUTE.supported)]) : { results: undefined }
    if (results === undefined) continue
    expectOk(results, OP.putRootHandle)
    expectOk(results, OP.getAttributes)
    readBitmap(results)
    results.u32('length')
    const supported = readBitmap(results)
    assert.ok(hasBit(supported, ATTRIBUTE.mode) && !hasBit(supported, ATTRIBUTE.xattrSupport))
    const all = await run([
      ...walk('etc', 'hostname'),
      (w) => writeBitmap(w.u32(OP.getAttributes), [supported[0], supported[1] & ~((1 << 16) | (1 << 22)), 0]),
    ])
    assert.equal(all.status, NFS4.ok)
  }
})

test('a compound ends at the first operation that fails, with its status', async () => {
  const cases: readonly [readonly Op[], number, number][] = [
    [[...walk('nothing'), getHandle], NFS4.noEntry, 4],
    [[...walk('tool'), lookupOp('x')], NFS4.notDirectory, 5],
    [[...walk('bin'), lookupOp('x')], NFS4.symlink, 5],
    [walk('..'), NFS4.badName, 4],
    [walk(''), NFS4.invalid, 4],
    [walk('x'.repeat(256)), NFS4.nameTooLong, 4],
    [walk('a/b'), NFS4.badChar, 4],
    [[getHandle], NFS4.noFileHandle, 1],
    [[(w) => w.u32(OP.putHandle).opaque(Buffer.alloc(28, 7))], NFS4.badHandle, 1],
    [
      [(w) => w.u32(OP.putHandle).opaque(Buffer.from('00000001' + '00000000000000ff' + '11'.repeat(16), 'hex'))],
      NFS4.stale,
      1,
    ],
    [[(w) => w.u32(OP.restoreHandle)], NFS4.restoreHandle, 1],
    [[(w) => w.u32(2)], NFS4.illegalOperation, 1],
    [[(w) => w.u32(OP.sequence)], NFS4.illegalOperation, 1],
    [[(w) => w.u32(OP.returnDelegation)], NFS4.notSupported, 1],
    [[putRoot, (w) => w.u32(OP.lookupParent)], NFS4.noEntry, 2],
    [[...walk('etc', 'hostname'), (w) => w.u32(OP.readLink)], NFS4.invalid, 6 - 0],
  ]
  for (const [ops, status, count] of cases) {
    const answer = await run(ops)
    assert.deepEqual([answer.status, answer.count], [status, count])
  }
})

test('ACCESS, READDIR and LOOKUP ask the mode', async () => {
  const other = user(1001)
  assert.equal((await run([...walk('secret'), lookupOp('x')], other)).status, NFS4.access)
  const list: Op = (w) => writeBitmap(w.u32(OP.readDirectory).u64(0).u64(0).u32(1000).u32(1000), bitmapOf([]))
  assert.equal((await run([...walk('secret'), list], other)).status, NFS4.access)
  const { results } = await run([...walk('etc', 'hostname'), ACCESS_READ], other)
  for (const op of [OP.putRootHandle, OP.lookup, OP.lookup, OP.lookup, OP.lookup, OP.access]) expectOk(results, op)
  assert.deepEqual([results.u32('supported'), results.u32('granted')], [0x3f, 0x01])
})

test('VERIFY and NVERIFY compare with what the file is', async () => {
  const said =
    (op: number, size: number): Op =>
    (w) =>
      writeBitmap(w.u32(op), bitmapOf([ATTRIBUTE.size])) ?? w.u32(8).u64(size)
  for (const [op, size, status] of [
    [OP.verify, 5000, NFS4.ok],
    [OP.verify, 5001, NFS4.notSame],
    [OP.notVerify, 5000, NFS4.same],
    [OP.notVerify, 5001, NFS4.ok],
  ] as const) {
    assert.equal((await run([...walk('tool'), said(op, size)])).status, status)
  }
})

test('a minor version that is not served is told so, with no result', async () => {
  assert.deepEqual(await harness.compound(3, [putRoot]).then(({ status, count }) => [status, count]), [
    NFS4.minorVersionMismatch,
    0,
  ])
})

test('coming into an export is told as a mount, looking for one that is not there as well', async () => {
  harness.mounts.length = 0
  await run(walk())
  await run([putRoot, lookupOp('gone')])
  assert.deepEqual(
    harness.mounts.map(({ path, status, machineName }) => [path, status, machineName]),
    [
      ['/release/one', 'ok', 'pc1'],
      ['/gone', 'no-entry', 'pc1'],
    ],
  )
})

test('a compound of 10 000 operations is cut off, and one of 64 large reads does not hold the memory of all', async () => {
  const many = await run(Array.from({ length: 10_000 }, () => putRoot))
  assert.deepEqual([many.status, many.count], [NFS4.resource, 65])
})
