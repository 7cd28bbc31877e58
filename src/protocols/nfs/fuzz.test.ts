import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WireError } from '../../wire/error.ts'
import { encodeCall } from '../rpc/call.ts'
import { decodeReplyHeader } from '../rpc/message.ts'
import { XdrReader } from '../rpc/xdr-reader.ts'
import type { XdrWriter } from '../rpc/xdr-writer.ts'
import { mutate, randomNumbers } from './mutate.ts'
import { Harness, NODE, ROOT_CREDENTIAL, handle, slowTree, smallTree } from './harness.ts'

const RUNS = 100_000
const SEED = 1813

/** One good call of every procedure of NFS, MOUNT and NFSACL, without record mark. */
function goodCalls(): Buffer[] {
  const nfs = (procedure: number, args: (w: XdrWriter) => unknown): Buffer =>
    encodeCall({ xid: 1, program: 100_003, version: 3, procedure, credential: ROOT_CREDENTIAL }, args).subarray(4)
  const named = Array.from({ length: 22 }, (_, procedure) =>
    nfs(procedure, (w) => {
      handle(procedure === 6 ? NODE.tool : NODE.root)(w)
      if (procedure === 3) w.string('etc')
      else w.u64(0).u64(0).u32(4096).u32(8192).string('tail')
    }),
  )
  const mounts = [1, 3].flatMap((version) =>
    Array.from({ length: 6 }, (_, procedure) =>
      encodeCall({ xid: 1, program: 100_005, version, procedure }, (w) => w.string('/release/one/etc')).subarray(4),
    ),
  )
  const acls = Array.from({ length: 3 }, (_, procedure) =>
    encodeCall({ xid: 1, program: 100_227, version: 3, procedure, credential: ROOT_CREDENTIAL }, (w) => {
      handle(NODE.tool)(w)
      w.u32(15).u32(1).u32(0).u32(0).u32(0)
    }).subarray(4),
  )
  return [...named, ...mounts, ...acls]
}

test(`${RUNS} mutated calls each get a whole reply or end the connection, and nothing else happens`, async () => {
  const random = randomNumbers(SEED)
  const calls = goodCalls()
  const tree = smallTree()
  const harnesses = [new Harness(tree), new Harness(tree), new Harness(tree), new Harness(slowTree(tree))]
  const seen = { closed: 0, accepted: 0, denied: 0 }
  for (let run = 0; run < RUNS; run += 1) {
    const call = mutate(calls[random(calls.length)] ?? Buffer.alloc(0), random)
    seen[await outcomeOf(harnesses[random(harnesses.length)] ?? assert.fail(), call)] += 1
  }
  for (const [outcome, count] of Object.entries(seen)) assert.ok(count > RUNS / 100, `${outcome}: ${count}`)
  const alive = await harnesses[0]?.nfs(1, handle(NODE.root))
  assert.equal(alive?.u32('status'), 0)
})

async function outcomeOf(harness: Harness, call: Buffer): Promise<'closed' | 'accepted' | 'denied'> {
  try {
    const reply = await harness.answer(call)
    assert.equal(reply.byteLength % 4, 0)
    assert.equal(reply.readUInt32BE(0), call.readUInt32BE(0), 'xid')
    const header = decodeReplyHeader(new XdrReader('reply', reply))
    assert.ok(header.kind === 'denied' || header.status <= 4, 'no system error')
    return header.kind
  } catch (error) {
    assert.ok(error instanceof WireError, String(error))
    return 'closed'
  }
}
