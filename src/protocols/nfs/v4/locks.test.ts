import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OP } from './constants.ts'
import { Harness4, type Op, SessionClient, expectOk, openOp, walk } from './harness.ts'
import type { ClientRecord, ClientRecords } from './state/records.ts'
import { NFS4 } from './status.ts'

const WALKED = [OP.putRootHandle, OP.lookup, OP.lookup]
const READ = 1
const ALL = 0xffff_ffff

async function openTool(client: SessionClient, owner = 'process'): Promise<Buffer> {
  const { results } = await client.run([...walk(), openOp('tool', { owner })])
  for (const op of WALKED) expectOk(results, op)
  return Buffer.from(expectOk(results, OP.open).fixed(16, 'stateid'))
}
/** LOCK by the open, from `offset` to the end of all. */
const lockOp =
  (open: Buffer, { type = READ, offset = 0, owner = 'locker', reclaim = false } = {}): Op =>
  (w) => {
    w.u32(OP.lock).u32(type).bool(reclaim).u64(offset).u32(ALL).u32(ALL)
    w.bool(true).u32(0).fixed(open).u32(0).u64(0).string(owner)
  }
const testOp =
  (type: number, owner: string): Op =>
  (w) =>
    w.u32(OP.testLock).u32(type).u64(0).u32(0).u32(10).u64(0).string(owner)

test('LOCK, LOCKT and LOCKU: others are told whose lock stands in the way', async () => {
  const harness = await Harness4.open()
  const [one, two] = [await SessionClient.connect(harness), await SessionClient.connect(harness, { name: 'pc2' })]
  const open = await openTool(one)
  const { results, status } = await one.run([...walk('tool'), lockOp(open)])
  assert.equal(status, NFS4.ok)
  for (const op of [...WALKED, OP.lookup]) expectOk(results, op)
  const lock = Buffer.from(expectOk(results, OP.lock).fixed(16, 'stateid'))
  assert.equal((await two.run([...walk('tool'), testOp(1, 'other')])).status, NFS4.ok)
  const denied = await two.run([...walk('tool'), testOp(2, 'other')])
  assert.equal(denied.status, NFS4.denied)
  for (const op of [...WALKED, OP.lookup]) expectOk(denied.results, op)
  denied.results.fixed(8, 'operation and status')
  assert.equal(denied.results.fixed(8 + 8, 'offset and length').toString('hex'), '00'.repeat(8) + 'ff'.repeat(8))
  assert.equal(denied.results.u32('type'), READ)
  denied.results.fixed(8, 'client')
  assert.equal(denied.results.string(100, 'owner'), 'locker')
  const free: Op = (w) => w.u32(OP.freeStateid).fixed(lock)
  assert.equal((await one.run([free])).status, NFS4.locksHeld)
  const unlock: Op = (w) => w.u32(OP.unlock).u32(READ).u32(0).fixed(lock).u64(0).u32(ALL).u32(ALL)
  assert.equal((await one.run([...walk('tool'), unlock])).status, NFS4.ok)
  assert.equal((await two.run([...walk('tool'), testOp(2, 'other')])).status, NFS4.ok)
  lock.writeUInt32BE(2, 0)
  assert.equal((await one.run([free])).status, NFS4.ok)
  assert.equal(harness.keeper.states.count, 1)
})

test('LOCK refuses no bytes, bytes behind the last one, and writing where the file is open for reading', async () => {
  const client = await SessionClient.connect(await Harness4.open())
  const open = await openTool(client)
  const range =
    (offset: readonly [number, number], length: readonly [number, number]): Op =>
    (w) => {
      w.u32(OP.lock).u32(READ).bool(false).u32(offset[0]).u32(offset[1]).u32(length[0]).u32(length[1])
      w.bool(true).u32(0).fixed(open).u32(0).u64(0).string('locker')
    }
  assert.equal((await client.run([...walk('tool'), range([0, 0], [0, 0])])).status, NFS4.invalid)
  assert.equal((await client.run([...walk('tool'), range([ALL, ALL], [0, 2])])).status, NFS4.invalid)
  assert.equal((await client.run([...walk('tool'), range([ALL, ALL - 1], [0, 1])])).status, NFS4.ok)
  assert.equal((await client.run([...walk('tool'), lockOp(open, { type: 2, owner: 'writer' })])).status, NFS4.openMode)
})

/** Records in memory that outlive a server. */
class Records implements ClientRecords {
  readonly kept = new Map<string, ClientRecord>()
  load(): ClientRecord[] {
    return [...this.kept.values()]
  }
  put(record: ClientRecord): void {
    this.kept.set(record.owner, record)
  }
  remove(owner: string): void {
    this.kept.delete(owner)
  }
}

/** OPEN of the current file, as it was open before the server's restart. */
const reclaimOp =
  (owner = 'process'): Op =>
  (w) =>
    w.u32(OP.open).u32(0).u32(1).u32(0).u64(0).string(owner).u32(0).u32(1).u32(0)
const complete: Op = (w) => w.u32(OP.reclaimComplete).bool(false)

test('after a restart clients of before take back what they held, others do not', async () => {
  const records = new Records()
  const before = await SessionClient.connect(await Harness4.open({ records }), { name: 'known' })
  await openTool(before)
  assert.deepEqual([...records.kept.values()], [{ owner: 'known', exclusive: false }])

  const harness = await Harness4.open({ records })
  const known = await SessionClient.connect(harness, { name: 'known', reclaims: true })
  const stranger = await SessionClient.connect(harness, { name: 'stranger', reclaims: true })
  assert.equal((await stranger.run([...walk('tool'), reclaimOp()])).status, NFS4.reclaimBad)
  assert.equal(
    (await known.run([...walk(), openOp('tool')])).status,
    NFS4.grace,
    'before RECLAIM_COMPLETE nothing is new',
  )
  assert.equal((await known.run([...walk('tool'), reclaimOp()])).status, NFS4.ok)
  await stranger.run([complete])
  assert.equal((await stranger.run([...walk(), openOp('tool')])).status, NFS4.ok, 'nothing it could take from others')
  assert.equal((await known.run([complete])).status, NFS4.ok)
  assert.equal((await known.run([complete])).status, NFS4.completeAlready)
  assert.equal((await known.run([...walk('tool'), reclaimOp()])).status, NFS4.noGrace)
})

test('where somebody kept others off, new opens wait until he is back, or for a lease and no longer', async () => {
  const records = new Records()
  const first = await SessionClient.connect(await Harness4.open({ records }), { name: 'keeper' })
  await first.run([...walk(), openOp('tool', { deny: 2 })])
  assert.deepEqual([...records.kept.values()], [{ owner: 'keeper', exclusive: true }])

  const harness = await Harness4.open({ records })
  const other = await SessionClient.connect(harness, { name: 'other' })
  assert.equal((await other.run([...walk(), openOp('tool')])).status, NFS4.grace)
  harness.clock += 50_000
  await other.run([complete])
  assert.equal((await other.run([...walk(), openOp('tool')])).status, NFS4.grace)
  harness.clock += 11_000
  assert.equal((await other.run([...walk(), openOp('tool')])).status, NFS4.grace, 'it is not yet on the disk')
  await harness.keeper.tick()
  assert.equal(records.kept.has('keeper'), false, 'it may not come back a second time')
  assert.equal((await other.run([...walk(), openOp('tool')])).status, NFS4.ok)
})
