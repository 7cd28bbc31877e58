import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Logger, silent } from '../../../sys/log.ts'
import { OP } from './constants.ts'
import { Harness4, type Op, SessionClient, expectOk, openOp, walk } from './harness.ts'
import type { ClientRecord, ClientRecords } from './state/records.ts'
import { NFS4 } from './status.ts'

/* What becomes of opens and locks when clients are away, the server is started again, or the disk fails. */

/** Records that outlive a harness, on a disk that may fail. */
class Records implements ClientRecords {
  readonly kept = new Map<string, ClientRecord>()
  isFull = false
  load(): readonly ClientRecord[] {
    return [...this.kept.values()]
  }
  async put(record: ClientRecord): Promise<void> {
    if (this.isFull) throw new Error('ENOSPC: no space left on device')
    this.kept.set(record.owner, record)
  }
  async remove(owner: string): Promise<void> {
    this.kept.delete(owner)
  }
}

const RECLAIM_COMPLETE: Op = (w) => w.u32(OP.reclaimComplete).bool(false)
const ALL = 0xffff_ffff
const WRITE = 2
/** OPEN of the current file, as it was open before. */
const reclaimOpenOp: Op = (w) => w.u32(OP.open).u32(0).u32(1).u32(0).u64(0).string('process').u32(0).u32(1).u32(0)
const lockOp =
  (open: Buffer, { type = 1, reclaim = false } = {}): Op =>
  (w) => {
    w.u32(OP.lock).u32(type).bool(reclaim).u64(0).u32(0).u32(10)
    w.bool(true).u32(0).fixed(open).u32(0).u64(0).string('locker')
  }
const testOp: Op = (w) => w.u32(OP.testLock).u32(WRITE).u64(0).u32(ALL).u32(ALL).u64(0).string('other')

async function opened(client: SessionClient, op: Op, names: readonly string[]): Promise<Buffer> {
  const { results, status } = await client.run([...walk(...names), op])
  assert.equal(status, NFS4.ok)
  for (const walked of [OP.putRootHandle, ...Array<number>(2 + names.length).fill(OP.lookup)]) expectOk(results, walked)
  return Buffer.from(expectOk(results, OP.open).fixed(16, 'stateid'))
}
/** Opens a file and locks ten bytes of it, others may read as well. */
async function lock(client: SessionClient): Promise<void> {
  const open = await opened(client, openOp('tool'), [])
  assert.equal((await client.run([...walk('tool'), lockOp(open)])).status, NFS4.ok)
}
const wants = async (client: SessionClient): Promise<number> => (await client.run([...walk('tool'), testOp])).status

test('a client that was away for longer than its lease goes on as if nothing had been, where nobody wanted what it has', async () => {
  const records = new Records()
  const harness = await Harness4.open({ records })
  const away = await SessionClient.connect(harness, { name: 'away' })
  await lock(away)
  harness.clock += 3600_000
  await harness.keeper.tick()
  assert.deepEqual([...records.kept.keys()], ['away'])
  assert.equal((await away.run([...walk('tool')])).status, NFS4.ok, 'its session is the same')
  const other = await SessionClient.connect(harness, { name: 'other' })
  assert.equal(await wants(other), NFS4.denied, 'its lease is a new one')
  harness.clock += 25 * 3600_000
  await harness.keeper.tick()
  assert.equal(harness.keeper.states.count, 0)
  assert.equal(records.kept.size, 0)
})

test('a client that was away for longer than its lease has lost a lock that another wanted, on the disk as well', async () => {
  const records = new Records()
  const harness = await Harness4.open({ records })
  const away = await SessionClient.connect(harness, { name: 'away' })
  await lock(away)
  const other = await SessionClient.connect(harness, { name: 'other' })
  harness.clock += 59_000
  assert.equal(await wants(other), NFS4.denied)
  harness.clock += 2000
  assert.equal(await wants(other), NFS4.ok)
  assert.deepEqual([...records.kept.keys()], [])
  assert.equal((await away.run([...walk('tool')])).status, NFS4.badSession, 'so it is told')
})

test('who did not come back after a restart has lost what others took since, also after another restart', async () => {
  const records = new Records()
  await lock(await SessionClient.connect(await Harness4.open({ records }), { name: 'away' }))
  records.kept.set('away', { owner: 'away', exclusive: true })
  const second = await Harness4.open({ records })
  second.clock += 61_000
  await second.keeper.tick()
  await lock(await SessionClient.connect(second, { name: 'other' }))
  const third = await Harness4.open({ records })
  const back = await SessionClient.connect(third, { name: 'away', reclaims: true })
  assert.equal((await back.run([...walk('tool'), reclaimOpenOp])).status, NFS4.reclaimBad)
})

test('a server that is restarted in its grace period has another one: all take back what they held', async () => {
  const records = new Records()
  const first = await Harness4.open({ records })
  for (const name of ['pc1', 'pc2']) await lock(await SessionClient.connect(first, { name }))
  for (const owner of ['pc1', 'pc2']) records.kept.set(owner, { owner, exclusive: true })
  const second = await Harness4.open({ records })
  const early = await SessionClient.connect(second, { name: 'pc1', reclaims: true })
  await opened(early, reclaimOpenOp, ['tool'])
  await early.run([RECLAIM_COMPLETE])
  second.clock += 30_000
  await second.keeper.tick()
  const third = await Harness4.open({ records })
  const stranger = await SessionClient.connect(third, { name: 'stranger' })
  for (const name of ['pc1', 'pc2']) {
    assert.equal((await stranger.run([...walk(), openOp('tool')])).status, NFS4.grace)
    const client = await SessionClient.connect(third, { name, reclaims: true })
    const open = await opened(client, reclaimOpenOp, ['tool'])
    assert.equal((await client.run([...walk('tool'), lockOp(open, { reclaim: true })])).status, NFS4.ok)
    await client.run([RECLAIM_COMPLETE])
  }
  assert.equal((await stranger.run([...walk(), openOp('tool')])).status, NFS4.ok, 'none is missing')
})

test('a machine that was itself restarted in the grace period holds nothing, and nobody waits for it', async () => {
  const records = new Records()
  records.kept.set('pc1', { owner: 'pc1', exclusive: true })
  const harness = await Harness4.open({ records })
  const other = await SessionClient.connect(harness, { name: 'other' })
  assert.equal((await other.run([...walk(), openOp('tool')])).status, NFS4.grace)
  await SessionClient.connect(harness, { name: 'pc1', verifier: 'boot-two' })
  assert.equal((await other.run([...walk(), openOp('tool')])).status, NFS4.ok)
  assert.equal(records.kept.has('pc1'), false, 'after another restart it could take back nothing')
})

test('what was taken back outlives the grace period and another restart, also where nobody said that it was all', async () => {
  const records = new Records()
  records.kept.set('pc1', { owner: 'pc1', exclusive: true })
  const harness = await Harness4.open({ records })
  const client = await SessionClient.connect(harness, { name: 'pc1', reclaims: true })
  await opened(client, reclaimOpenOp, ['tool'])
  harness.clock += 61_000
  await harness.keeper.tick()
  assert.deepEqual([...records.kept.values()], [{ owner: 'pc1', exclusive: true }])
})

test('on a disk that is full files are opened all the same; the log says what that means, once a minute', async () => {
  const records = new Records()
  const errors: string[] = []
  const log: Logger = { ...silent, error: (message) => void errors.push(message) }
  const harness = await Harness4.open({ records, log })
  records.isFull = true
  const client = await SessionClient.connect(harness, { name: 'pc1' })
  for (let at = 0; at < 5; at += 1) await opened(client, openOp('tool', { owner: `process ${at}` }), [])
  assert.equal(errors.length, 1)
  assert.match(errors[0] ?? '', /after a restart they may not get back what they hold; see that .* has room$/)
  records.isFull = false
  await opened(client, openOp('tool', { owner: 'too early' }), [])
  assert.equal(records.kept.size, 0)
  harness.clock += 10_000
  await opened(client, openOp('tool', { owner: 'later' }), [])
  assert.deepEqual([...records.kept.keys()], ['pc1'])
})

test('records that cannot be read keep no server from starting', async () => {
  const errors: string[] = []
  const log: Logger = { ...silent, error: (message) => void errors.push(message) }
  const unreadable = {
    load: () => Promise.reject(new Error('EIO: i/o error')),
    put: () => undefined,
    remove: () => undefined,
  }
  const harness = await Harness4.open({ log, records: unreadable })
  assert.equal(errors.length, 1)
  await lock(await SessionClient.connect(harness))
})
