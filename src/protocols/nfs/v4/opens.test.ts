import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { slowTree, smallTree, user } from '../harness.ts'
import { OP } from './constants.ts'
import { type Answer, Harness4, type Op, SessionClient, expectOk, openOp, walk } from './harness.ts'
import { NFS4 } from './status.ts'

/** Reads the results up to OPEN's stateid. */
function stateidIn({ results }: Answer, ...before: readonly number[]): Buffer {
  for (const op of before) expectOk(results, op)
  return Buffer.from(expectOk(results, OP.open).fixed(16, 'stateid'))
}
const WALKED = [OP.putRootHandle, OP.lookup, OP.lookup]
const opened = async (client: SessionClient, name = 'tool', how = {}): Promise<Buffer> =>
  stateidIn(await client.run([...walk(), openOp(name, how)]), ...WALKED)
const readOp =
  (stateid: Uint8Array, count = 10, offset = 0): Op =>
  (w) =>
    w.u32(OP.read).fixed(stateid).u64(offset).u32(count)
const closeOp =
  (stateid: Uint8Array): Op =>
  (w) =>
    w.u32(OP.close).u32(0).fixed(stateid)
const ANONYMOUS = Buffer.alloc(16)
const CURRENT = Buffer.from(`00000001${'00'.repeat(12)}`, 'hex')

test('OPEN, READ and CLOSE in one compound, by the current stateid', async () => {
  for (const tree of [smallTree(), slowTree(smallTree())]) {
    const client = await SessionClient.connect(await Harness4.open({ tree }))
    const { status, results } = await client.run([
      ...walk(),
      openOp('tool'),
      readOp(CURRENT, 3, 4998),
      closeOp(CURRENT),
    ])
    assert.equal(status, NFS4.ok)
    for (const op of WALKED) expectOk(results, op)
    expectOk(results, OP.open).fixed(16 + 20 + 4 + 4 + 4, 'stateid, change info, flags, no bits, no delegation')
    expectOk(results, OP.read)
    assert.deepEqual([results.bool('eof'), results.opaque(10, 'data').toString()], [true, 'tt'])
    expectOk(results, OP.close)
  }
})

test('OPEN refuses what cannot be opened, each with its own word', async () => {
  const client = await SessionClient.connect(await Harness4.open())
  const cases: readonly [string, object, number][] = [
    ['etc', {}, NFS4.isDirectory],
    ['bin', {}, NFS4.symlink],
    ['nothing', {}, NFS4.noEntry],
    ['tool', { access: 2 }, NFS4.readOnlyFileSystem],
    ['tool', { access: 0 }, NFS4.invalid],
    ['tool', { deny: 4 }, NFS4.invalid],
  ]
  for (const [name, how, status] of cases)
    assert.equal((await client.run([...walk(), openOp(name, how)])).status, status)
  const device = await client.run([...walk('dev'), openOp('null')])
  assert.equal(device.status, NFS4.wrongType)
  const create: Op = (w) => {
    w.u32(OP.open).u32(0).u32(1).u32(0).u64(0).string('process')
    w.u32(1).u32(0).u32(0).u32(0).u32(0).string('new')
  }
  assert.equal((await client.run([...walk(), create])).status, NFS4.readOnlyFileSystem)
})

test('OPEN keeps share reservations, and an owner widens and narrows its own', async () => {
  const harness = await Harness4.open()
  const [one, two] = [await SessionClient.connect(harness), await SessionClient.connect(harness, { name: 'pc2' })]
  const stateid = await opened(one, 'tool', { deny: 2 })
  await opened(two, 'tool')
  assert.equal((await two.run([...walk(), openOp('tool', { deny: 1 })])).status, NFS4.shareDenied)
  const again = await opened(one, 'tool')
  assert.deepEqual(again.subarray(4), stateid.subarray(4), 'the same open')
  assert.equal(again.readUInt32BE(0), 2)
  const downgrade =
    (deny: number): Op =>
    (w) =>
      w.u32(OP.openDowngrade).fixed(again).u32(0).u32(1).u32(deny)
  assert.equal((await one.run([...walk('tool'), downgrade(1)])).status, NFS4.invalid)
  assert.equal((await one.run([...walk('tool'), downgrade(0)])).status, NFS4.ok)
  assert.equal((await one.run([...walk('tool'), closeOp(stateid)])).status, NFS4.oldStateid)
})

test('stateids of others, of closed files and made up ones are refused', async () => {
  const harness = await Harness4.open()
  const [one, two] = [await SessionClient.connect(harness), await SessionClient.connect(harness, { name: 'pc2' })]
  const stateid = await opened(one)
  assert.equal((await two.run([...walk('tool'), readOp(stateid)])).status, NFS4.badStateid)
  assert.equal((await one.run([...walk('etc', 'hostname'), readOp(stateid)])).status, NFS4.badStateid)
  assert.equal((await one.run([...walk('tool'), readOp(Buffer.alloc(16, 9))])).status, NFS4.badStateid)
  assert.equal((await one.run([...walk('tool'), closeOp(stateid)])).status, NFS4.ok)
  assert.equal((await one.run([...walk('tool'), readOp(stateid)])).status, NFS4.badStateid)
  const { results } = await one.run([(w) => w.u32(OP.testStateid).u32(1).fixed(stateid)])
  expectOk(results, OP.testStateid)
  assert.deepEqual([results.u32('count'), results.u32('status')], [1, NFS4.badStateid])
})

test('READ without an open asks the mode; another owner who denies reading holds it back', async () => {
  const harness = await Harness4.open()
  const client = await SessionClient.connect(harness)
  assert.equal((await client.run([...walk('tool'), readOp(ANONYMOUS)], { credential: user(1001) })).status, NFS4.ok)
  await opened(client, 'tool', { deny: 1 })
  assert.equal((await client.run([...walk('tool'), readOp(ANONYMOUS)])).status, NFS4.locked)
})

/** Version 4.0, with its numbered owners. */
class Client40 {
  readonly harness: Harness4
  id = Buffer.alloc(8)

  constructor(harness: Harness4) {
    this.harness = harness
  }
  async confirm(verifier = 'boot-one', name = 'old'): Promise<void> {
    const { results } = await this.harness.compound(0, [
      (w) => w.u32(OP.setClientId).fixed(Buffer.from(verifier)).string(name).u32(0).string('tcp').string('').u32(0),
    ])
    this.id = Buffer.from(expectOk(results, OP.setClientId).fixed(8, 'client id'))
    const confirm = Buffer.from(results.fixed(8, 'verifier'))
    await this.harness.compound(0, [(w) => w.u32(OP.setClientIdConfirm).fixed(this.id).fixed(confirm)])
  }
  open(sequence: number, name: string): Op {
    return (w) => {
      w.u32(OP.open).u32(sequence).u32(1).u32(0).fixed(this.id).string('process')
      w.u32(0).u32(0).string(name)
    }
  }
  run(ops: readonly Op[]): Promise<Answer> {
    return this.harness.compound(0, ops)
  }
}

test('version 4.0: each request of an owner is carried out once, a repetition gets the same answer', async () => {
  const harness = await Harness4.open()
  const client = new Client40(harness)
  await client.confirm()
  const first = await client.run([...walk(), client.open(5, 'tool')])
  const stateid = stateidIn(first, ...WALKED)
  assert.deepEqual((await client.run([...walk(), client.open(5, 'tool')])).bytes, first.bytes)
  assert.equal((await client.run([...walk(), client.open(8, 'tool')])).status, NFS4.badSeqid)
  const confirm: Op = (w) => w.u32(OP.openConfirm).fixed(stateid).u32(6)
  const confirmed = await client.run([...walk('tool'), confirm])
  assert.equal(confirmed.status, NFS4.ok)
  stateid.writeUInt32BE(2, 0)
  const refused = await client.run([...walk(), client.open(7, 'etc')])
  assert.equal(refused.status, NFS4.isDirectory)
  assert.deepEqual((await client.run([...walk(), client.open(7, 'etc')])).bytes, refused.bytes)
  const close: Op = (w) => w.u32(OP.close).u32(8).fixed(stateid)
  const closed = await client.run([...walk('tool'), close])
  assert.equal(closed.status, NFS4.ok)
  assert.deepEqual((await client.run([...walk('tool'), close])).bytes, closed.bytes)
  assert.equal(harness.keeper.states.count, 0)
})

test('version 4.0: a client that was restarted loses what it held, one that is gone is told so', async () => {
  const harness = await Harness4.open()
  const client = new Client40(harness)
  await client.confirm()
  const stateid = stateidIn(await client.run([...walk(), client.open(1, 'tool')]), ...WALKED)
  const before = client.id
  await client.confirm('boot-two')
  assert.notDeepEqual(client.id, before)
  assert.equal(harness.keeper.states.count, 0)
  assert.equal((await client.run([...walk('tool'), readOp(stateid)])).status, NFS4.expired)
  const renew: Op = (w: XdrWriter) => w.u32(OP.renew).fixed(client.id)
  harness.clock += 50_000
  assert.equal((await client.run([renew])).status, NFS4.ok)
  harness.clock += 50_000
  await harness.keeper.tick()
  assert.equal((await client.run([renew])).status, NFS4.ok)
  harness.clock += 61_000
  await harness.keeper.tick()
  assert.equal((await client.run([renew])).status, NFS4.expired)
  client.id.writeUInt32BE(0, 0)
  assert.equal((await client.run([renew])).status, NFS4.staleClientId)
})

test('a client that opens more files than it may is refused and, once dead, costs nothing', async () => {
  const limits = { perClient: 100, inAll: 150 }
  const harness = await Harness4.open({ limits })
  const counts = { ok: 0, refused: 0 }
  for (const name of ['one', 'two']) {
    const client = await SessionClient.connect(harness, { name })
    for (let at = 0; at < 120; at += 1) {
      const { status } = await client.run([...walk(), openOp('tool', { owner: `process${at}` })])
      counts[status === NFS4.ok ? 'ok' : 'refused'] += 1
    }
  }
  assert.deepEqual(counts, { ok: 150, refused: 90 })
  harness.clock += 61_000
  await harness.keeper.tick()
  assert.deepEqual([harness.keeper.states.count, harness.keeper.clients.size], [0, 0])
})
