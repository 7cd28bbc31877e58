import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type LeaseClocks, openLeases } from './leases.ts'

const SUBNETS = [
  { network: { address: '10.0.0.1', prefix: 16 }, range: { first: '10.0.0.100', last: '10.0.0.101' } },
  { network: { address: '10.9.0.1', prefix: 24 }, range: { first: '10.9.0.100', last: '10.9.0.101' } },
]
const A = { mac: '52:54:00:00:00:0a', clientId: '01525400000a', hostName: 'pc01', link: '10.0.0.1' }
const B = { mac: '52:54:00:00:00:0b', link: '10.0.0.1' }

interface Cleaning {
  after(cleanUp: () => unknown): void
}

/** A file for leases. */
function fileFor(t: Cleaning): string {
  const folder = mkdtempSync(join(tmpdir(), 'netroot-leases-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'leases')
}

/** The leases of a file, as another process has them after `kill -9` of the one before, which closed nothing. */
async function leasesIn(t: Cleaning, path: string, clocks?: LeaseClocks) {
  const kept = await openLeases(path, { subnets: SUBNETS }, clocks)
  t.after(() => kept[Symbol.asyncDispose]())
  return kept.leases
}

test('openLeases() finds a lease again that was bound before the process died', async (t) => {
  const path = fileFor(t)
  const before = await leasesIn(t, path)
  before.offer(A, undefined)
  assert.equal(await before.bind(A, '10.0.0.100', 600), 'bound')
  // the first connection is left open, as a killed process leaves it
  const after = await leasesIn(t, path)
  assert.deepEqual(
    after.active().map(({ address, mac }) => [address, mac]),
    [['10.0.0.100', A.mac]],
  )
  assert.equal(after.leaseAt('10.0.0.100')?.hostName, 'pc01')
  assert.deepEqual(after.offer(B, '10.0.0.100'), { address: '10.0.0.101', fresh: true })
})

test('openLeases() forgets offers and keeps what was released and declined', async (t) => {
  const path = fileFor(t)
  const before = await leasesIn(t, path)
  before.offer(A, undefined)
  await before.bind(A, '10.0.0.100', 600)
  await before.decline(A.mac, '10.0.0.100')
  before.offer(B, undefined)
  const after = await leasesIn(t, path)
  assert.equal(after.leaseAt('10.0.0.100')?.state, 'declined')
  assert.equal(after.leaseAt('10.0.0.101'), undefined)
})

test('openLeases() keeps one row per machine and network when its address changes', async (t) => {
  const path = fileFor(t)
  const leases = await leasesIn(t, path)
  leases.offer(A, undefined)
  await leases.bind(A, '10.0.0.100', 600)
  await leases.bind({ ...A, link: '10.9.0.1' }, '10.9.0.100', 600, { adopt: true })
  await leases.bind(A, '10.0.0.101', 600, { adopt: true })
  const again = await leasesIn(t, path)
  assert.deepEqual(
    again.active().map(({ address }) => address),
    ['10.9.0.100', '10.0.0.101'],
  )
  assert.equal(again.leaseAt('10.0.0.100'), undefined)
})

test('openLeases() passes over what a power cut left of a line, and writes on after it', async (t) => {
  const path = fileFor(t)
  const before = await leasesIn(t, path)
  before.offer(A, undefined)
  await before.bind(A, '10.0.0.100', 600)
  const whole = readFileSync(path, 'utf8')
  for (const cut of [1, 20, whole.length - 1]) {
    writeFileSync(path, whole + whole.slice(0, -cut))
    const after = await leasesIn(t, path)
    assert.equal(after.active().length, 1)
    after.offer(B, undefined)
    await after.bind(B, '10.0.0.101', 600)
    assert.equal((await leasesIn(t, path)).active().length, 2)
  }
})

test('openLeases() passes over a line that the disk changed', async (t) => {
  const path = fileFor(t)
  const before = await leasesIn(t, path)
  for (const [client, address] of [
    [A, '10.0.0.100'],
    [B, '10.0.0.101'],
  ] as const) {
    await before.bind(client, address, 600, { adopt: true })
  }
  writeFileSync(path, readFileSync(path, 'utf8').replace('10.0.0.100', '10.0.0.1O0'))
  const after = await leasesIn(t, path)
  assert.deepEqual(
    after.active().map(({ mac }) => mac),
    [B.mac],
  )
})

test('openLeases() writes the file anew before it grows without end', async (t) => {
  const path = fileFor(t)
  const leases = await leasesIn(t, path)
  leases.offer(A, undefined)
  for (let n = 0; n < 50; n += 1) {
    await Promise.all(Array.from({ length: 1000 }, () => leases.bind(A, '10.0.0.100', 600)))
  }
  assert.ok(readFileSync(path).byteLength < 25_000 * 200)
  assert.equal((await leasesIn(t, path)).active().length, 1)
})

test('openLeases() refuses a file of something else, and leaves it alone', async (t) => {
  const path = fileFor(t)
  const notes = 'my notes\nof the network\n'
  writeFileSync(path, notes)
  await assert.rejects(leasesIn(t, path), /Cannot read .*: it holds no leases; name another file/)
  assert.equal(readFileSync(path, 'utf8'), notes)
})

test('openLeases() binds nothing that could not be written', async (t) => {
  const path = fileFor(t)
  const kept = await openLeases(path, { subnets: SUBNETS })
  await kept[Symbol.asyncDispose]() // the file is closed: every write fails
  kept.leases.offer(A, undefined)
  await assert.rejects(kept.leases.bind(A, '10.0.0.100', 600), /Cannot save leases in /)
  assert.deepEqual(kept.leases.active(), [])
  assert.deepEqual((await leasesIn(t, path)).active(), [])
})

/** A lease of 600 s, written at noon by a clock that is then `wall` later, when the next process starts. */
async function leaseAcross(t: Cleaning, wall: number) {
  const path = fileFor(t)
  const noon = 1_000_000_000
  const before = await leasesIn(t, path, { steady: () => noon, wall: () => noon })
  before.offer(A, undefined)
  await before.bind(A, '10.0.0.100', 600)
  const clock = { steady: noon + wall, wall: noon + wall }
  const clocks = { steady: () => clock.steady, wall: () => clock.wall }
  const after = await leasesIn(t, path, clocks)
  const isActive = (): boolean => after.active().length === 1
  return { clock, isActive, after }
}

test('openLeases() ends a lease at its time, also in another process', async (t) => {
  assert.equal((await leaseAcross(t, 599_000)).isActive(), true)
  assert.equal((await leaseAcross(t, 600_000)).isActive(), false)
})

test('openLeases() keeps a lease no longer than it was given for when the clock was put back', async (t) => {
  const { clock, isActive } = await leaseAcross(t, -500_000_000)
  assert.equal(isActive(), true)
  clock.steady += 600_000
  assert.equal(isActive(), false)
})

test('openLeases() does not mind that the clock jumps while it runs, either way', async (t) => {
  for (const jump of [-900_000_000, 900_000_000]) {
    const { clock, isActive, after } = await leaseAcross(t, 0)
    clock.wall += jump
    assert.equal(isActive(), true)
    assert.equal(await after.bind(A, '10.0.0.100', 600), 'bound')
    clock.steady += 600_000
    clock.wall += 600_000
    assert.equal(isActive(), false)
  }
})
