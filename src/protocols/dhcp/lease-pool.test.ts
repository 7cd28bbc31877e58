import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeasePool, type LeasePoolOptions } from './lease-pool.ts'

const A = { mac: '52:54:00:00:00:0a' }
const B = { mac: '52:54:00:00:00:0b' }
const C = { mac: '52:54:00:00:00:0c' }

/** A pool of two addresses, and a clock in seconds. */
function poolAt(options: LeasePoolOptions = {}) {
  const clock = { seconds: 1000 }
  const range = { first: '10.0.0.100', last: '10.0.0.101' }
  const pool = new LeasePool({ range, now: () => clock.seconds * 1000, ...options })
  const take = async (client: { mac: string }, seconds = 600): Promise<string> => {
    const offer = pool.offer(client, undefined)
    if ('refused' in offer) return offer.refused
    assert.equal(await pool.bind(client, offer.address, seconds), 'bound')
    return offer.address
  }
  return { pool, clock, take }
}

test('LeasePool gives each machine its own address, the same one whatever client identifier it sends', async () => {
  const { pool, take } = poolAt()
  assert.deepEqual([await take(A), await take(B)], ['10.0.0.100', '10.0.0.101'])
  for (const clientId of ['01525400000a', 'ff0000', '00']) {
    assert.deepEqual(pool.offer({ ...A, clientId }, undefined), { address: '10.0.0.100', fresh: false })
  }
})

test('LeasePool gives the fixed address to its machine and to nobody else', async () => {
  const fixed = new Map([[B.mac, '10.0.0.100']])
  const { pool, take } = poolAt({ fixed })
  assert.equal(await take(A), '10.0.0.101')
  assert.deepEqual(pool.offer(C, '10.0.0.100'), poolFull())
  assert.equal(await take(B), '10.0.0.100')
})

test('LeasePool gives a fixed address outside the range', async () => {
  const { take } = poolAt({ fixed: new Map([[A.mac, '10.0.0.7']]) })
  assert.equal(await take(A), '10.0.0.7')
})

test('LeasePool leaves a lease in force although its address became the fixed one of another', async () => {
  const { pool, take } = poolAt()
  await take(A)
  pool.setFixed(new Map([[B.mac, '10.0.0.100']]))
  assert.equal(await take(B), '10.0.0.101')
  assert.equal(await pool.bind(A, '10.0.0.100', 600), 'bound')
})

test('LeasePool gives the address asked for when it is free', async () => {
  const { pool } = poolAt()
  assert.deepEqual(pool.offer(A, '10.0.0.101'), { address: '10.0.0.101', fresh: true })
  assert.deepEqual(pool.offer(B, '10.0.0.101'), { address: '10.0.0.100', fresh: true })
  assert.deepEqual(pool.offer(A, '10.9.9.9'), { address: '10.0.0.101', fresh: false })
})

test('LeasePool reuses what expired, the oldest first', async () => {
  const { clock, take } = poolAt()
  await take(A, 600)
  await take(B, 60)
  assert.equal(await take(C), 'pool-full')
  clock.seconds += 601
  assert.equal(await take(C), '10.0.0.101')
})

test('LeasePool gives a machine its expired address back while nobody else has it', async () => {
  const { clock, take } = poolAt()
  await take(A, 60)
  await take(B, 60)
  clock.seconds += 3600
  assert.equal(await take(B), '10.0.0.101')
})

test('LeasePool reuses an offer that nobody took before a lease that expired', async () => {
  const { pool, clock, take } = poolAt()
  await take(A, 1)
  pool.offer(B, undefined)
  clock.seconds += 31
  assert.equal(await take(C), '10.0.0.101')
})

test('LeasePool holds an offer for half a minute', () => {
  const { pool, clock } = poolAt()
  pool.offer(A, undefined)
  pool.offer(B, undefined)
  clock.seconds += 29
  assert.deepEqual(pool.offer(C, undefined), poolFull())
  clock.seconds += 2
  assert.deepEqual(pool.offer(C, undefined), { address: '10.0.0.100', fresh: true })
})

test('LeasePool.withdraw() frees an offer, but no lease', async () => {
  const { pool, take } = poolAt()
  await take(A)
  pool.withdraw(A)
  pool.offer(B, undefined)
  pool.withdraw(B)
  assert.deepEqual(pool.offer(C, undefined), { address: '10.0.0.101', fresh: true })
})

test('LeasePool.decline() puts an address aside for an hour', async () => {
  const { pool, clock, take } = poolAt()
  await take(A)
  await pool.decline(B.mac, '10.0.0.100') // not its own: no effect
  await pool.decline(A.mac, '10.0.0.100')
  assert.equal(await take(A, 7200), '10.0.0.101')
  assert.equal(await take(B), 'pool-full')
  clock.seconds += 3601
  assert.equal(await take(B), '10.0.0.100')
})

test('LeasePool.release() keeps the address for its machine until another needs it', async () => {
  const { pool, clock, take } = poolAt()
  await take(A)
  await take(B)
  await pool.release(A.mac, '10.0.0.100')
  assert.deepEqual(
    pool.active().map(({ address }) => address),
    ['10.0.0.101'],
  )
  clock.seconds += 10
  assert.equal(await take(A), '10.0.0.100')
  await pool.release(A.mac, '10.0.0.100')
  clock.seconds += 10
  assert.equal(await take(C), '10.0.0.100')
  assert.equal(pool.leaseOf(A.mac), undefined)
})

test('LeasePool.bind() adopts an address only where it may', async () => {
  const { pool, take } = poolAt()
  assert.equal(await pool.bind(A, '10.0.0.100', 60), 'unknown')
  assert.equal(await pool.bind(A, '10.0.0.222', 60, { adopt: true }), 'unknown')
  assert.equal(await pool.bind(A, '10.0.0.100', 60, { adopt: true }), 'bound')
  assert.equal(await pool.bind(B, '10.0.0.100', 60, { adopt: true }), 'taken')
  assert.equal(await take(B), '10.0.0.101')
  assert.equal(await pool.bind(A, '10.0.0.101', 60), 'other')
})

test('LeasePool loses no address when a machine moves to another', async () => {
  const { pool, take } = poolAt()
  await take(A)
  assert.equal(await pool.bind(A, '10.0.0.101', 600, { adopt: true }), 'bound')
  assert.equal(await take(B), '10.0.0.100')
})

test('LeasePool bounds what a flood of strangers can make it hold', () => {
  const { pool, clock } = poolAt({ range: { first: '10.0.0.0', last: '10.0.63.255' } })
  const macOf = (n: number): string =>
    `02:00:${n
      .toString(16)
      .padStart(8, '0')
      .replace(/..(?=.)/g, '$&:')}`
  const began = performance.now()
  for (let n = 0; n < 50_000; n += 1) pool.offer({ mac: macOf(n) }, undefined)
  assert.ok(performance.now() - began < 5000, 'a full pool is looked through at each packet')
  clock.seconds += 31
  assert.deepEqual(pool.offer(A, undefined), { address: '10.0.0.0', fresh: true })
})

function poolFull() {
  const range = 'all 2 of the range 10.0.0.100-10.0.0.101'
  return {
    refused: 'pool-full',
    text: `no address is free: ${range} are leased; widen the range or shorten the leases`,
  }
}
