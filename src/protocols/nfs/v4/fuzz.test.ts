import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WireError } from '../../../wire/error.ts'
import { FUZZ_COUNT, mutations } from '../../../wire/mutations.ts'
import { decodeReplyHeader } from '../../rpc/message.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { slowTree, smallTree } from '../harness.ts'
import { ATTRIBUTE } from './attribute.ts'
import { bitmapOf, writeBitmap } from './bitmap.ts'
import { OP } from './constants.ts'
import {
  Harness4,
  type Op,
  SessionClient,
  compoundCall,
  getAttributesOp,
  getHandle,
  lookupOp,
  openOp,
  walk,
} from './harness.ts'
import { NFS4 } from './status.ts'

const CURRENT = Buffer.from(`00000001${'00'.repeat(12)}`, 'hex')
const ALL_BITS = bitmapOf(Object.values(ATTRIBUTE).filter((number) => number !== 48 && number !== 54 && number !== 81))
const HANDLE = Buffer.from(`00000001${'00'.repeat(7)}05a0a1a2a3a4a5a6a7a8a9aaabacadaeaf`, 'hex')

/** Good operations of every kind, as they follow each other in life. */
const SPECIMENS: readonly (readonly Op[])[] = [
  [...walk('tool'), openOp('x'), (w) => writeBitmap(w.u32(OP.getAttributes), ALL_BITS)],
  [
    ...walk(),
    openOp('tool'),
    (w) => w.u32(OP.read).fixed(CURRENT).u64(10).u32(100),
    (w) => w.u32(OP.close).u32(0).fixed(CURRENT),
  ],
  [
    ...walk(),
    openOp('tool', { deny: 2, owner: 'other' }),
    (w) => w.u32(OP.openDowngrade).fixed(CURRENT).u32(0).u32(1).u32(0),
  ],
  [
    (w) => w.u32(OP.putHandle).opaque(HANDLE),
    (w) => w.u32(OP.open).u32(0).u32(1).u32(0).u64(0).string('process').u32(0).u32(4),
    (w) =>
      w.u32(OP.lock).u32(1).bool(false).u64(0).u64(10).bool(true).u32(0).fixed(CURRENT).u32(0).u64(0).string('locker'),
    (w) => w.u32(OP.testLock).u32(2).u64(0).u64(10).u64(0).string('other'),
    (w) => w.u32(OP.unlock).u32(1).u32(0).fixed(CURRENT).u64(0).u64(10),
    (w) => w.u32(OP.freeStateid).fixed(CURRENT),
  ],
  [...walk(), (w) => writeBitmap(w.u32(OP.readDirectory).u64(0).u64(0).u32(4000).u32(4000), ALL_BITS)],
  [...walk('bin'), (w) => w.u32(OP.readLink), getHandle, (w) => w.u32(OP.saveHandle), (w) => w.u32(OP.restoreHandle)],
  [
    ...walk('etc'),
    (w) => w.u32(OP.lookupParent),
    (w) => w.u32(OP.access).u32(0x1ff),
    (w) => w.u32(OP.securityInfo).string('tool'),
  ],
  [
    ...walk('tool'),
    (w) => w.u32(OP.readPlus).fixed(Buffer.alloc(16)).u64(0).u32(5000),
    (w) => w.u32(OP.listXattrs).u64(0).u32(1000),
  ],
  [...walk('tool'), (w) => w.u32(OP.getXattr).string('mime'), (w) => w.u32(OP.securityInfoNoName).u32(1)],
  [...walk('tool'), (w) => (writeBitmap(w.u32(OP.verify), bitmapOf([4])), w.u32(8).u64(5000)), lookupOp('x')],
  [
    ...walk('tool'),
    (w) => (
      writeBitmap(w.u32(OP.setAttributes).fixed(CURRENT), bitmapOf([4, 33, 36, 54])),
      w.u32(36).u64(7).u32(0o644).string('1000').u32(1).u64(9).u32(8)
    ),
  ],
  [
    ...walk(),
    (w) => (
      writeBitmap(w.u32(OP.open).u32(0).u32(1).u32(0).u64(0).string('p').u32(1).u32(0), bitmapOf([33])),
      w.u32(4).u32(0o600).u32(0).string('new')
    ),
  ],
  [
    (w) => w.u32(OP.setClientId).u64(1).string('old').u32(0).string('tcp').string('1.2.3.4.8.1').u32(0),
    (w) => w.u32(OP.renew).u64(1),
    (w) => w.u32(OP.setClientIdConfirm).u64(1).u64(2),
  ],
  [(w) => w.u32(OP.releaseLockOwner).u64(1).string('locker'), (w) => w.u32(OP.openConfirm).fixed(CURRENT).u32(1)],
  [(w) => w.u32(OP.testStateid).u32(2).fixed(CURRENT).fixed(CURRENT), (w) => w.u32(OP.reclaimComplete).bool(false)],
  [(w) => w.u32(OP.exchangeId).u64(1).string('pc9').u32(0).u32(0).u32(0)],
  [(w) => w.u32(OP.createSession).u64(1).u32(1).u32(0).fixed(Buffer.alloc(56, 1)).u32(1).u32(0)],
  [(w) => w.u32(OP.bindConnection).fixed(Buffer.alloc(16)).u32(1).bool(false), (w) => w.u32(OP.destroyClientId).u64(1)],
  [...walk(), getAttributesOp(0, 1, 2, 3), (w) => w.u32(OP.destroySession).fixed(Buffer.alloc(16))],
]

function bytesOf(ops: readonly Op[]): Buffer {
  const w = new XdrWriter()
  for (const op of ops) op(w)
  return w.takeAll()?.bytes ?? Buffer.alloc(0)
}

/** A compound that says it has so many operations, and has these bytes. */
function wrapped(minor: number, count: number, ...parts: readonly Uint8Array[]): Buffer {
  const call = Buffer.concat([HEADS[minor] ?? assert.fail(), ...parts])
  call.writeUInt32BE(count, COUNT_AT)
  return call
}
/** Calls of each minor version that end with the count of operations. */
const HEADS = [0, 1, 2].map((minor) => compoundCall(minor, []))
const COUNT_AT = compoundCall(0, []).byteLength - 4

test(`${FUZZ_COUNT} mutated compounds each get a whole reply or end the connection, and nothing else happens`, async () => {
  const tree = smallTree()
  const players = [await Player.open(tree), await Player.open(slowTree(tree))]
  const seen = new Map<string, number>()
  let run = 0
  for (const bytes of mutations(SPECIMENS.map(bytesOf))) {
    run += 1
    const player = players[run % 16 === 0 ? 1 : 0] ?? assert.fail()
    const outcome = await player.play(run, bytes)
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
  }
  for (const kind of ['ok', 'refused', 'rejected'])
    assert.ok((seen.get(kind) ?? 0) > FUZZ_COUNT / 200, `${kind} ${seen.get(kind)}`)
  for (const player of players) await player.isWell()
})

/** A harness and a client that comes back when mutated operations have thrown it out. */
class Player {
  readonly #harness: Harness4
  #client: SessionClient
  /** A SEQUENCE operation. */
  #sequence: Buffer

  static async open(tree: ReturnType<typeof smallTree> | ReturnType<typeof slowTree>): Promise<Player> {
    const harness = await Harness4.open({ tree })
    return new Player(harness, await SessionClient.connect(harness, { minor: 2 }))
  }
  private constructor(harness: Harness4, client: SessionClient) {
    this.#harness = harness
    this.#client = client
    this.#sequence = bytesOf([client.sequenceOp()])
  }

  /** Operations alone behind a good head, in turns for each minor version; every fourth time the head is mutated, too. */
  async play(run: number, bytes: Uint8Array): Promise<string> {
    const minor = run % 3
    if (minor === 0 || run % 7 === 0)
      return await this.#send(run % 4 === 0 ? headless(minor, bytes) : wrapped(minor, 8, bytes))
    this.#client.sequence += 1
    const sequence = Buffer.from(this.#sequence)
    sequence.writeUInt32BE(this.#client.sequence, 4 + 16)
    sequence[sequence.byteLength - 1] = run % 2
    return await this.#send(wrapped(minor, 2 + (run % 6), sequence, bytes))
  }

  async #send(record: Buffer): Promise<string> {
    try {
      const reply = new XdrReader('reply', await this.#harness.answer(record))
      const header = decodeReplyHeader(reply)
      if (header.kind === 'denied' || header.status !== 0) {
        assert.ok(header.kind === 'denied' || header.status < 5, 'no system error')
        return 'rejected'
      }
      const status = reply.u32('status')
      assert.notEqual(status, NFS4.io)
      if (status === NFS4.badSession || status === NFS4.sequenceMisordered) await this.#comeBack()
      return status === NFS4.ok ? 'ok' : 'refused'
    } catch (error) {
      assert.ok(error instanceof WireError, String(error))
      return 'closed'
    }
  }

  async #comeBack(): Promise<void> {
    this.#harness.clock += 61_000
    await this.#harness.keeper.tick()
    this.#client = await SessionClient.connect(this.#harness, { minor: 2 })
    this.#sequence = bytesOf([this.#client.sequenceOp()])
  }

  async isWell(): Promise<void> {
    await this.#comeBack()
    const { status } = await this.#client.run([...walk(), openOp('tool', { owner: 'last' })])
    assert.equal(status, NFS4.ok)
    assert.ok(this.#harness.keeper.states.count < 10)
  }
}

/** The specimen as the end of a call whose beginning is cut short or has become its arguments. */
function headless(minor: number, bytes: Uint8Array): Buffer {
  const call = wrapped(minor, 4, bytes)
  return Buffer.from([...call.subarray(0, 40), ...bytes.subarray(0, bytes.byteLength % 16), ...call.subarray(44)])
}
