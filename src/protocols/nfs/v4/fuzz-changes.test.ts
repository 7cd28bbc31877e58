import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { WritableDirectory } from '../../../storage/writable-directory.ts'
import { TreeError } from '../../../storage/writable-tree.ts'
import { WireError } from '../../../wire/error.ts'
import { mutations } from '../../../wire/mutations.ts'
import { decodeReplyHeader } from '../../rpc/message.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { READ_ONLY } from '../policy.ts'
import { ATTRIBUTE } from './attribute.ts'
import { bitmapOf, writeBitmap } from './bitmap.ts'
import { OP } from './constants.ts'
import { Harness4, type Op, SessionClient, compoundCall, lookupOp, walk } from './harness.ts'
import { NFS4 } from './status.ts'

const RUNS = 25_000
const base = fs.mkdtempSync(join(tmpdir(), 'netroot-fuzz4-'))
after(() => fs.rmSync(base, { recursive: true }))

const ANY = Buffer.alloc(16)
const save: Op = (w) => w.u32(OP.saveHandle)
const attributes = (w: XdrWriter): XdrWriter => {
  writeBitmap(w, bitmapOf([ATTRIBUTE.mode]))
  return w.u32(4).u32(0o644)
}
const create =
  (type: number, ...target: readonly string[]): Op =>
  (w) => {
    w.u32(OP.create).u32(type)
    for (const text of target) w.string(text)
    attributes(w.string('y'))
  }
const open =
  (how: (w: XdrWriter) => unknown): Op =>
  (w) => (how(w.u32(OP.open).u32(0).u32(3).u32(0).u64(0).string('p').u32(1)), w.u32(0).string('y'))
const span =
  (number: number): Op =>
  (w) =>
    w.u32(number).fixed(ANY).u64(0).u64(4096)

/** Good operations of every kind that changes something, as operations alone. */
const SPECIMENS: readonly (readonly Op[])[] = [
  [(w) => w.u32(OP.write).fixed(ANY).u64(3).u32(2).opaque(Buffer.from('text')), (w) => w.u32(OP.commit).u64(0).u32(0)],
  [open((w) => attributes(w.u32(0))), (w) => w.u32(OP.close).u32(0).fixed(ANY)],
  [open((w) => attributes(w.u32(1)))],
  [open((w) => w.u32(2).u64(5))],
  [open((w) => attributes(w.u32(3).u64(7)))],
  [lookupOp('x'), create(2)],
  [create(5, '../../outside')],
  [create(6), create(7)],
  [(w) => w.u32(OP.create).u32(3).u32(1).u32(3).string('y').u32(0).u32(0)],
  [(w) => w.u32(OP.remove).string('y')],
  [save, (w) => w.u32(OP.rename).string('file').string('z')],
  [save, (w) => w.u32(OP.rename).string('z').string('file')],
  [lookupOp('file'), save, ...walk(), (w) => w.u32(OP.link).string('z')],
  [lookupOp('file'), (w) => attributes(w.u32(OP.setAttributes).fixed(ANY))],
  [
    lookupOp('file'),
    (w) => (writeBitmap(w.u32(OP.setAttributes).fixed(ANY), bitmapOf([ATTRIBUTE.size])), w.u32(8).u64(5000)),
  ],
  [
    lookupOp('file'),
    (w) => (
      writeBitmap(w.u32(OP.setAttributes).fixed(ANY), bitmapOf([4, 33, 36, 37, 48, 54])),
      w.u32(64).u64(7).u32(0o644).string('1000').string('100').u32(1).u64(9).u32(8).u32(1).u64(10).u32(9)
    ),
  ],
  [lookupOp('file'), span(OP.allocate), span(OP.deallocate), (w) => w.u32(OP.seek).fixed(ANY).u64(0).u32(1)],
  [lookupOp('file'), (w) => w.u32(OP.setXattr).u32(0).string('name').string('value')],
  [lookupOp('file'), (w) => w.u32(OP.removeXattr).string('name'), (w) => w.u32(OP.listXattrs).u64(0).u32(1000)],
]

function bytesOf(ops: readonly Op[]): Buffer {
  const w = new XdrWriter()
  for (const op of ops) op(w)
  return w.takeAll()?.bytes ?? Buffer.alloc(0)
}

test(`${RUNS} mutated compounds that change something leave nothing outside, and each gets a whole reply`, async () => {
  const [inside, outside] = [join(base, 'inside'), join(base, 'outside')]
  for (const path of [inside, outside]) fs.mkdirSync(path)
  fs.symlinkSync(outside, join(inside, 'x'))
  fs.writeFileSync(join(inside, 'file'), 'content')
  await using tree = thrifty(await WritableDirectory.open(inside))
  const harness = await Harness4.open({ tree, policy: () => ({ ...READ_ONLY, writes: true, sync: false }) })
  let client = await SessionClient.connect(harness)
  const seen = new Map<number, number>()
  let run = 0
  for (const bytes of mutations(SPECIMENS.map(bytesOf), RUNS)) {
    run += 1
    client.sequence += 1
    const head = [client.sequenceOp(client.sequence, run % 2 === 0), ...walk()]
    const call = Buffer.concat([compoundCall(2, head), bytes])
    call.writeUInt32BE(head.length + 1 + (run % 4), COUNT_AT)
    const status = await statusOf(harness, call)
    seen.set(status, (seen.get(status) ?? 0) + 1)
    if (status === NFS4.badSession || status === NFS4.sequenceMisordered || run % 1000 === 0) {
      harness.clock += 61_000 // what it left open goes with its lease
      await harness.keeper.tick()
      client = await SessionClient.connect(harness)
    }
    if (run % 250 === 0) restore(inside)
  }
  const { ok, noEntry, exists, invalid, badXdr } = NFS4
  for (const status of [ok, noEntry, exists, invalid, badXdr]) {
    assert.ok((seen.get(status) ?? 0) > 10, `status ${status}: ${seen.get(status)}`)
  }
  assert.equal(seen.get(NFS4.io), undefined, 'no NFS4ERR_IO')
  assert.equal(seen.get(-1), undefined, 'the frame was good: no GARBAGE_ARGS')
  assert.deepEqual(fs.readdirSync(outside), [])
  assert.deepEqual(fs.readdirSync(base).toSorted(), ['inside', 'outside'])
})

/** The tree, in which nobody takes gigabytes of this host's disk. */
function thrifty(tree: WritableDirectory): WritableDirectory {
  const openFile = tree.open.bind(tree)
  tree.open = async (node) => {
    const file = await openFile(node)
    const reserve = file.reserve.bind(file)
    file.reserve = (how, position, length) => {
      if (how === 'allocate' && position + length > 2 ** 20) throw new TreeError('ENOSPC', 'That is much')
      return reserve(how, position, length)
    }
    return file
  }
  return tree
}

/** Where a compound's call has its count of operations, before the first. */
const COUNT_AT = compoundCall(2, []).byteLength - 4

/** What was made goes, whatever bytes its name has, and what was taken away is there again. */
function restore(inside: string): void {
  const [find, ...words] = ['find', inside, '-mindepth', '1', '!', '-path', '*/file', '!', '-path', '*/x', '-delete']
  execFileSync(find ?? '', words)
  if (!fs.existsSync(join(inside, 'file'))) fs.writeFileSync(join(inside, 'file'), 'content')
}

/** nfsstat4; −1 if there is none. */
async function statusOf(harness: Harness4, call: Buffer): Promise<number> {
  try {
    const reply = new XdrReader('reply', await harness.answer(call))
    const header = decodeReplyHeader(reply)
    assert.ok(header.kind === 'denied' || header.status <= 4, 'no system error')
    return header.kind === 'accepted' && header.status === 0 ? reply.u32('status') : -1
  } catch (error) {
    assert.ok(error instanceof WireError, String(error))
    return -1
  }
}
