import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WireError } from '../../wire/error.ts'
import { FUZZ_COUNT, mutations } from '../../wire/mutations.ts'
import { BlockPool } from './block-pool.ts'
import { encodeCall } from './call.ts'
import { programTable } from './dispatcher.ts'
import { decodeReplyHeader } from './message.ts'
import { portmapperProgram } from './portmapper.ts'
import { RecordAssembler } from './record.ts'
import { DEFAULT_LIMITS, type Outgoing, RpcSession } from './session.ts'
import { XdrReader } from './xdr-reader.ts'

const CREDENTIAL = { flavor: 'sys', machineName: 'pc1', uid: 7, gid: 8, gids: [9, 10] } as const
const getPort = (xid: number): Buffer =>
  encodeCall({ xid, program: 100_000, version: 2, procedure: 3, credential: CREDENTIAL }, (w) =>
    w.u32(100_000).u32(2).u32(6).u32(0),
  )
/** The same call in fragments of so many bytes, RFC 5531 §11. */
function fragmented(call: Buffer, bytes: number): Buffer {
  const parts: Buffer[] = []
  const record = call.subarray(4)
  for (let at = 0; at < record.byteLength; at += bytes) {
    const fragment = record.subarray(at, at + bytes)
    const mark = Buffer.alloc(4)
    mark.writeUInt32BE((at + bytes >= record.byteLength ? 0x8000_0000 : 0) + fragment.byteLength)
    parts.push(mark, fragment)
  }
  return Buffer.concat(parts)
}
/** What a stream may begin with: calls, in one piece and in many, one after the other. */
const SPECIMENS = [
  Buffer.concat([getPort(1), getPort(2), getPort(3)]),
  fragmented(getPort(4), 1),
  Buffer.concat([fragmented(getPort(5), 7), getPort(6)]),
]

test(`${FUZZ_COUNT} mutated streams are answered with whole records of replies, or their connection is ended`, () => {
  const programs = programTable([portmapperProgram([], () => 111)])
  const pool = new BlockPool()
  const seen = { ended: 0, replies: 0, waiting: 0 }
  for (const stream of mutations(SPECIMENS)) {
    const sent: Buffer[] = []
    const transport = {
      send: (chunks: readonly Outgoing[]) => {
        for (const chunk of chunks) {
          sent.push(Buffer.from(chunk.bytes))
          session.sent(chunk)
        }
      },
      wantMore: () => undefined,
      later: () => undefined,
    }
    const peer = { address: '10.0.0.9', port: 700 }
    const session: RpcSession = new RpcSession({ programs, peer, transport, pool })
    try {
      for (let at = 0; at < stream.byteLength; at += 50) session.receive(Buffer.from(stream.subarray(at, at + 50)))
      if (session.busy) seen.waiting += 1
    } catch (error) {
      assert.ok(error instanceof WireError, String(error))
      seen.ended += 1
    }
    seen.replies += wholeReplies(sent)
    assert.ok(sent.reduce((sum, { byteLength }) => sum + byteLength, 0) <= stream.byteLength + 64, 'no amplification')
  }
  for (const [what, count] of Object.entries(seen)) assert.ok(count > FUZZ_COUNT / 100, `${what}: ${count}`)
})

function wholeReplies(sent: readonly Buffer[]): number {
  const assembler = new RecordAssembler(DEFAULT_LIMITS.recordBytes)
  assembler.push(Buffer.concat(sent))
  for (let count = 0; ; count += 1) {
    const record = assembler.next()
    if (record === undefined) {
      assert.equal(assembler.partial, false)
      return count
    }
    const header = decodeReplyHeader(new XdrReader('reply', record))
    assert.ok(header.kind === 'denied' || header.status <= 4, 'no system error')
  }
}
