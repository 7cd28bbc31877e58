import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BlockPool } from './block-pool.ts'
import { encodeCall } from './call.ts'
import { programTable } from './dispatcher.ts'
import type { Procedure, RpcProgram } from './program.ts'
import { DEFAULT_LIMITS, type Outgoing, type RpcLimits, RpcSession } from './session.ts'
import { ready } from './steps.ts'

const MIB = 1024 * 1024
const releases: (() => void)[] = []
const answerAtOnce: Procedure = () => undefined
const answerLater: Procedure = function* () {
  yield* ready(new Promise<void>((resolve) => releases.push(resolve)))
}
const answerMuch: Procedure = ({ reply }) => {
  reply.reserve(MIB)
  return undefined
}
/** 0 answers at once, 1 when it is released, 2 with a MiB. */
const PROGRAM: RpcProgram = {
  number: 1,
  name: 'test',
  versions: new Map([[1, [answerAtOnce, answerLater, answerMuch]]]),
}
const callOf = (xid: number, procedure: number): Buffer => encodeCall({ xid, program: 1, version: 1, procedure })

/** A session, and what it asked of its transport. */
function begin(limits: Partial<RpcLimits> = {}) {
  const sent: Outgoing[][] = []
  const state = { wanted: true, later: 0 }
  const transport = {
    // Copied: a block is used again once it is sent.
    send: (chunks: readonly Outgoing[]) =>
      void sent.push(chunks.map((one) => ({ ...one, bytes: Buffer.from(one.bytes) }))),
    wantMore: (yes: boolean) => void (state.wanted = yes),
    later: () => void (state.later += 1),
  }
  const peer = { address: '10.0.0.9', port: 700 }
  const programs = programTable([PROGRAM])
  const session = new RpcSession({
    programs,
    peer,
    transport,
    pool: new BlockPool(),
    limits: { ...DEFAULT_LIMITS, ...limits },
  })
  return { session, sent, state }
}

/** The xids of the replies in the order of sending. */
function xidsOf(sent: readonly (readonly Outgoing[])[]): number[] {
  const stream = Buffer.concat(sent.flat().map(({ bytes }) => bytes))
  const xids: number[] = []
  for (let at = 0; at < stream.byteLength; at += 4 + (stream.readUInt32BE(at) & 0x7fff_ffff)) {
    xids.push(stream.readUInt32BE(at + 4))
  }
  return xids
}

test('receive() answers all calls of a chunk in one piece', () => {
  const { session, sent, state } = begin()
  session.receive(Buffer.concat([callOf(1, 0), callOf(2, 0), callOf(3, 0)]))
  assert.deepEqual([sent.length, sent[0]?.length], [1, 1])
  assert.deepEqual(xidsOf(sent), [1, 2, 3])
  assert.deepEqual([session.idle, state.wanted], [true, true])
})

test('receive() lets a reply that waits be overtaken', async () => {
  const { session, sent, state } = begin()
  session.receive(Buffer.concat([callOf(1, 0), callOf(2, 1), callOf(3, 0), callOf(4, 2)]))
  assert.deepEqual(xidsOf(sent), [1, 3, 4])
  assert.equal(session.idle, false)
  releases.pop()?.()
  await new Promise(setImmediate)
  assert.equal(state.later, 1)
  session.proceed()
  assert.deepEqual(xidsOf(sent), [1, 3, 4, 2])
  assert.equal(session.idle, true)
})

test('receive() reads no more calls while the peer takes no replies', () => {
  const { session, sent, state } = begin({ replyBytes: 3 * MIB })
  session.receive(Buffer.concat(Array.from({ length: 20 }, (_, at) => callOf(at, 2))))
  const chunks = sent.flat()
  assert.ok(xidsOf(sent).length <= 4, `${xidsOf(sent).length} replies are held`)
  assert.deepEqual([state.wanted, session.busy, session.idle], [false, true, false])
  let replies = xidsOf(sent).length
  for (let turn = 0; turn < 40 && replies < 20; turn += 1) {
    for (const chunk of chunks.splice(0)) session.sent(chunk)
    const before = sent.length
    session.proceed()
    chunks.push(...sent.slice(before).flat())
    replies = xidsOf(sent).length
  }
  assert.deepEqual(
    xidsOf(sent),
    Array.from({ length: 20 }, (_, at) => at),
  )
  for (const chunk of chunks) session.sent(chunk)
  session.proceed()
  assert.deepEqual([state.wanted, session.busy, session.idle], [true, false, true])
})

test('receive() reads no more calls while too many wait', async () => {
  const { session, sent, state } = begin({ callsWaiting: 2 })
  session.receive(Buffer.concat([1, 2, 3, 4].map((xid) => callOf(xid, 1))))
  assert.deepEqual([releases.length, state.wanted], [2, false])
  for (let turn = 0; turn < 4; turn += 1) {
    releases.splice(0).forEach((release) => release())
    await new Promise(setImmediate)
    session.proceed()
  }
  assert.deepEqual(xidsOf(sent), [1, 2, 3, 4])
  assert.equal(state.wanted, true)
})

test('receive() leaves the event loop after a number of calls, and goes on', () => {
  const { session, sent, state } = begin({ callsPerTurn: 3 })
  session.receive(Buffer.concat([1, 2, 3, 4].map((xid) => callOf(xid, 0))))
  assert.deepEqual([xidsOf(sent), state.later], [[1, 2, 3], 1])
  session.proceed()
  assert.deepEqual(xidsOf(sent), [1, 2, 3, 4])
})

test('receive() leaves the event loop after much was read, and goes on', () => {
  const { session, sent, state } = begin({ bytesPerTurn: 2 * MIB })
  session.receive(Buffer.concat([callOf(1, 2), callOf(2, 2), callOf(3, 2), callOf(4, 0)]))
  assert.deepEqual([xidsOf(sent), state.later, state.wanted], [[1, 2], 1, false])
  session.proceed()
  assert.deepEqual([xidsOf(sent), state.wanted], [[1, 2, 3, 4], true])
})

test('receive() sends the replies to what came before garbage, and throws', () => {
  const { session, sent } = begin()
  const garbage = Buffer.from('80000004ffffffff', 'hex')
  assert.throws(() => session.receive(Buffer.concat([callOf(1, 0), garbage])), { name: 'WireError' })
  assert.deepEqual(xidsOf(sent), [1])
})
