import assert from 'node:assert/strict'
import { test } from 'node:test'
import { user } from '../harness.ts'
import { OP } from './constants.ts'
import { Harness4, type Op, SessionClient, expectOk, getHandle, openOp, putRoot, walk } from './harness.ts'
import { NFS4 } from './status.ts'

const destroySession =
  (client: SessionClient): Op =>
  (w) =>
    w.u32(OP.destroySession).fixed(client.session)
const destroyClient =
  (client: SessionClient): Op =>
  (w) =>
    w.u32(OP.destroyClientId).fixed(client.clientId)

test('SEQUENCE answers a repeated request from its cache, and carries it out once', async () => {
  const harness = await Harness4.open()
  const client = await SessionClient.connect(harness)
  const ops = [...walk('etc'), openOp('hostname'), getHandle]
  const first = await client.run(ops, { cache: true })
  assert.equal(first.status, NFS4.ok)
  assert.equal(harness.keeper.states.count, 1)
  const again = await client.again(ops, { cache: true })
  assert.deepEqual(again.bytes, first.bytes)
  assert.equal(harness.keeper.states.count, 1)
})

test('StateKeeper tells that nobody at an address has a lease any more, and not while somebody has', async () => {
  const gone: string[] = []
  const harness = await Harness4.open({ onGone: (address) => void gone.push(address) })
  const [one, other] = [await SessionClient.connect(harness), await SessionClient.connect(harness, { name: 'other' })]
  await one.run([putRoot])
  for (let times = 0; times < 3; times += 1) {
    harness.clock += 40_000
    await other.run([putRoot])
    await harness.keeper.tick()
  }
  assert.equal(harness.keeper.clients.size, 1)
  assert.deepEqual(gone, [])
  harness.clock += 61_000
  await harness.keeper.tick()
  assert.deepEqual(gone, ['10.0.0.9'])
})

test('SEQUENCE refuses what is out of order, on no slot, of no session, or was not kept', async () => {
  const harness = await Harness4.open()
  const client = await SessionClient.connect(harness)
  await client.run([putRoot])
  assert.equal((await client.again([putRoot])).status, NFS4.retryUncached)
  assert.equal((await client.send(client.sequence + 2, [putRoot])).status, NFS4.sequenceMisordered)
  assert.equal((await client.send(client.sequence - 1, [putRoot])).status, NFS4.sequenceMisordered)
  const bad = await harness.compound(2, [client.sequenceOp(1, false, 64)])
  assert.equal(bad.status, NFS4.badSlot)
  client.session.writeUInt32BE(77, 8)
  assert.equal((await client.run([putRoot])).status, NFS4.badSession)
})

test('a session is asked for its limits: too many operations, SEQUENCE in the wrong place, or none', async () => {
  const harness = await Harness4.open()
  const client = await SessionClient.connect(harness)
  const many = await client.run(Array.from({ length: 16 }, () => putRoot))
  assert.equal(many.status, NFS4.tooManyOperations)
  client.sequence -= 1 // it was not used up
  assert.equal((await client.run([client.sequenceOp()])).status, NFS4.sequencePosition)
  assert.equal((await harness.compound(1, [putRoot])).status, NFS4.operationNotInSession)
  assert.equal((await harness.compound(1, [destroySession(client), putRoot])).status, NFS4.notOnlyOperation)
  assert.equal((await client.run([(w) => w.u32(OP.renew).u64(0)])).status, NFS4.notSupported)
})

test('CREATE_SESSION is answered again as it was, and refused out of order', async () => {
  const harness = await Harness4.open()
  const client = new SessionClient(harness)
  await client.exchangeId()
  const first = await harness.compound(2, [client.createSessionOp()])
  const again = await harness.compound(2, [client.createSessionOp()])
  assert.deepEqual(again.bytes, first.bytes)
  client.createSequence += 2
  assert.equal((await harness.compound(2, [client.createSessionOp()])).status, NFS4.sequenceMisordered)
  client.clientId.writeUInt32BE(1, 0)
  assert.equal((await harness.compound(2, [client.createSessionOp()])).status, NFS4.staleClientId)
})

test('EXCHANGE_ID knows a client again, and gives back what an earlier run of it held once the new one is confirmed', async () => {
  const harness = await Harness4.open()
  const old = await SessionClient.connect(harness)
  await old.run([...walk('etc'), openOp('hostname')])
  assert.equal((await old.exchangeId()) >>> 31, 1, 'confirmed')
  const rebooted = new SessionClient(harness, 'pc1', 2, 'boot-two')
  assert.equal((await rebooted.exchangeId()) >>> 31, 0)
  assert.equal((await old.run([putRoot])).status, NFS4.ok, 'nothing is lost yet')
  await rebooted.createSession()
  assert.equal(harness.keeper.states.count, 0)
  assert.equal((await old.run([putRoot])).status, NFS4.badSession)
  const stranger: Op = (w) => w.u32(OP.exchangeId).fixed(Buffer.alloc(8)).string('pc1').u32(0).u32(0).u32(0)
  assert.equal((await harness.compound(2, [stranger], user(1000))).status, NFS4.clientIdInUse)
})

test('sessions and clients are destroyed when they are not in use any more', async () => {
  const harness = await Harness4.open()
  const client = await SessionClient.connect(harness)
  assert.equal((await harness.compound(2, [destroyClient(client)])).status, NFS4.clientIdBusy)
  assert.equal((await client.run([destroySession(client), putRoot])).status, NFS4.notOnlyOperation)
  assert.equal((await client.run([destroySession(client)])).status, NFS4.ok)
  assert.equal((await harness.compound(2, [destroyClient(client)])).status, NFS4.ok)
  assert.equal((await harness.compound(2, [destroyClient(client)])).status, NFS4.staleClientId)
  assert.equal(harness.keeper.clients.size, 0)
})

test('BIND_CONN_TO_SESSION binds for calls, not for callbacks; SECINFO_NO_NAME takes the handle away', async () => {
  const harness = await Harness4.open()
  const client = await SessionClient.connect(harness)
  const bind =
    (direction: number): Op =>
    (w) =>
      w.u32(OP.bindConnection).fixed(client.session).u32(direction).bool(false)
  const { results } = await harness.compound(1, [bind(3)])
  expectOk(results, OP.bindConnection).fixed(16, 'session')
  assert.equal(results.u32('direction'), 1)
  assert.equal((await harness.compound(1, [bind(2)])).status, NFS4.invalid)
  const answer = await client.run([putRoot, (w) => w.u32(OP.securityInfoNoName).u32(0), getHandle])
  assert.equal(answer.status, NFS4.noFileHandle)
})

test('a client that is not heard of for its lease is forgotten with all it holds', async () => {
  const harness = await Harness4.open()
  const gone = await SessionClient.connect(harness, { name: 'gone' })
  await gone.run([...walk('etc'), openOp('hostname', { deny: 2 })])
  const alive = await SessionClient.connect(harness, { name: 'alive' })
  harness.clock += 40_000
  await alive.run([putRoot])
  harness.clock += 40_000
  await harness.keeper.tick()
  assert.deepEqual(
    [...harness.keeper.clients].map(({ identity }) => identity.owner),
    ['alive'],
  )
  assert.equal(harness.keeper.states.count, 0)
  assert.equal((await gone.run([putRoot])).status, NFS4.badSession)
})

test('200 idle clients hold next to nothing: no file, a slot, a few hundred bytes of replies', async () => {
  const harness = await Harness4.open()
  const clients = await Promise.all(
    Array.from({ length: 200 }, (_, at) => SessionClient.connect(harness, { name: `pc${at}` })),
  )
  for (const client of clients) await client.run([...walk('tool'), getHandle], { cache: true })
  const sessions = [...harness.keeper.clients].flatMap((client) => [...client.sessions])
  assert.equal(sessions.length, 200)
  assert.ok(harness.keeper.clients.kept.bytes < 200 * 400)
  assert.equal(harness.keeper.states.count, 0)
})

test('a flood of clients that never confirm throws out none that did', async () => {
  const harness = await Harness4.open()
  const client = await SessionClient.connect(harness)
  for (let at = 0; at < 5000; at += 1) await new SessionClient(harness, `flood${at}`).exchangeId()
  assert.ok(harness.keeper.clients.size <= 4096)
  assert.equal((await client.run([putRoot])).status, NFS4.ok)
})

test('a reply that is longer than the session keeps is refused instead, and nothing of it is kept', async () => {
  const harness = await Harness4.open()
  const client = await SessionClient.connect(harness) // keeps 8 KiB
  const reads: Op[] = Array.from({ length: 4 }, () => (w) => w.u32(OP.read).fixed(Buffer.alloc(16)).u64(0).u32(5000))
  const ops = [...walk('tool'), ...reads]
  const first = await client.run(ops, { cache: true })
  assert.deepEqual([first.status, first.count], [NFS4.replyTooBigToCache, 1 + 4 + 2])
  assert.ok(first.bytes.byteLength < 6000)
  assert.deepEqual((await client.again(ops, { cache: true })).bytes, first.bytes)
  assert.equal((await client.run(ops)).status, NFS4.ok)
  assert.equal(harness.keeper.clients.kept.bytes, 0)
})

test('what sessions by the thousand keep together has a limit, and those of a client go with it', async () => {
  const harness = await Harness4.open()
  const { clients } = harness.keeper
  const read: Op = (w) => w.u32(OP.read).fixed(Buffer.alloc(16)).u64(0).u32(5000)
  const first = await SessionClient.connect(harness, { name: 'first' })
  const ops = [...walk('tool'), read]
  await first.run(ops, { cache: true })
  const one = clients.kept.bytes
  assert.ok(one > 5000)
  const slots = Array.from({ length: 64 }, (_, slot) => slot)
  for (let at = 0; at < 220; at += 1) {
    const greedy = await SessionClient.connect(harness, { name: `greedy${at}` })
    for (const slot of slots) await harness.compound(2, [greedy.sequenceOp(slot === 0 ? 2 : 1, true, slot), ...ops])
  }
  assert.ok(clients.kept.bytes <= 64 * 1024 * 1024, `${clients.kept.bytes} bytes are kept`)
  assert.ok(clients.kept.bytes > 60 * 1024 * 1024)
  assert.equal((await first.again(ops, { cache: true })).status, NFS4.retryUncached)
  assert.equal((await first.run(ops)).status, NFS4.ok)
  harness.clock += 61_000
  await harness.keeper.tick()
  assert.deepEqual([clients.size, clients.kept.bytes], [0, 0])
})

test('a client has 16 sessions, and no more', async () => {
  const harness = await Harness4.open()
  const client = await SessionClient.connect(harness)
  const statuses: number[] = []
  for (let at = 0; at < 1000; at += 1) {
    if (at < 16) client.createSequence += 1 // what is refused uses up no number
    statuses.push((await harness.compound(2, [client.createSessionOp()])).status)
  }
  assert.deepEqual([statuses.indexOf(NFS4.noSpace), new Set(statuses.slice(15)).size], [15, 1])
  assert.equal((await client.run([putRoot])).status, NFS4.ok, 'those it has go on')
})

test('clients of one address have a quarter of all, however many names it gives itself; others come in', async () => {
  const harness = await Harness4.open()
  const greedy: SessionClient[] = []
  for (let at = 0; at < 1024; at += 1) greedy.push(await SessionClient.connect(harness, { name: `greedy${at}` }))
  const more: Op = (w) => w.u32(OP.exchangeId).fixed(Buffer.alloc(8)).string('more').u32(0).u32(0).u32(0)
  assert.equal((await harness.compound(2, [more])).status, NFS4.delay)
  const other = await SessionClient.connect(harness.at('10.0.0.8'), { name: 'other' })
  assert.equal((await other.run([putRoot])).status, NFS4.ok)
  assert.equal((await greedy[1023]?.run([putRoot]))?.status, NFS4.ok, 'those it has go on')
})
