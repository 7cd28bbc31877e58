import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { WritableDirectory } from '../../../storage/writable-directory.ts'
import { WireError } from '../../../wire/error.ts'
import { encodeCall } from '../../rpc/call.ts'
import { decodeReplyHeader } from '../../rpc/message.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import { Harness, KEY, ROOT_CREDENTIAL, handle } from '../harness.ts'
import { mutate, randomNumbers } from '../mutate.ts'
import { READ_ONLY } from '../policy.ts'
import { changes } from './arguments.ts'

const RUNS = 100_000
const SEED = 1813
const base = fs.mkdtempSync(join(tmpdir(), 'netroot-fuzz-'))
after(() => fs.rmSync(base, { recursive: true }))

test(`${RUNS} mutated calls that change something leave nothing outside, and each gets a whole reply`, async () => {
  const [inside, outside] = [join(base, 'inside'), join(base, 'outside')]
  for (const path of [inside, outside]) fs.mkdirSync(path)
  fs.symlinkSync(outside, join(inside, 'x'))
  const random = randomNumbers(SEED)
  await using tree = await WritableDirectory.open(inside)
  const harness = new Harness(tree, () => ({ ...READ_ONLY, writes: true, sync: false }))
  const call = (procedure: number): Parameters<typeof encodeCall>[0] => {
    return { xid: random(2 ** 31), program: 100_003, version: 3, procedure, credential: ROOT_CREDENTIAL }
  }
  const { node } = await tree.createFile(tree.root, 'file', { mode: 0o644, uid: 0, gid: 0 }, { kind: 'unchecked' })
  const good = [tree.root, node].flatMap((at) => changes(handle(at, KEY)))
  const seen = new Map<number, number>()
  for (let run = 0; run < RUNS; run += 1) {
    const [procedure, args] = good[random(good.length)] ?? assert.fail()
    const status = await statusOf(harness, mutate(encodeCall(call(procedure), args).subarray(4), random))
    seen.set(status, (seen.get(status) ?? 0) + 1)
  }
  for (const status of [0, 2, 17, 20, 22, 70, 10_001]) assert.ok((seen.get(status) ?? 0) > 10, `status ${status}`)
  assert.equal(seen.get(5), undefined, 'no NFS3ERR_IO')
  assert.deepEqual(fs.readdirSync(outside), [])
  assert.deepEqual(fs.readdirSync(base).toSorted(), ['inside', 'outside'])
})

/** nfsstat3; −1 if there is none, because it is no such call. */
async function statusOf(harness: Harness, call: Buffer): Promise<number> {
  try {
    const reply = new XdrReader('reply', await harness.answer(call))
    const header = decodeReplyHeader(reply)
    assert.ok(header.kind === 'denied' || header.status <= 4, 'no system error')
    return header.kind === 'accepted' && header.status === 0 && reply.remaining >= 4 ? reply.u32('status') : -1
  } catch (error) {
    assert.ok(error instanceof WireError, String(error))
    return -1
  }
}
