import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openLeases } from './leases.ts'

const SUBNETS = [
  { network: { address: '10.0.0.1', prefix: 16 }, range: { first: '10.0.0.100', last: '10.0.0.101' } },
  { network: { address: '10.9.0.1', prefix: 24 }, range: { first: '10.9.0.100', last: '10.9.0.101' } },
]
const A = { mac: '52:54:00:00:00:0a', clientId: '01525400000a', hostName: 'pc01', link: '10.0.0.1' }
const B = { mac: '52:54:00:00:00:0b', link: '10.0.0.1' }

/** A database file, and a second view of it as another process would have after `kill -9`. */
function databaseFile(t: { after(cleanUp: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'netroot-leases-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return () => new DatabaseSync(join(folder, 'leases.db'))
}

test('openLeases() finds a lease again that was bound before the process died', async (t) => {
  const open = databaseFile(t)
  const before = openLeases(open(), { subnets: SUBNETS })
  before.offer(A, undefined)
  assert.equal(await before.bind(A, '10.0.0.100', 600), 'bound')
  // the first connection is left open, as a killed process leaves it
  const after = openLeases(open(), { subnets: SUBNETS })
  assert.deepEqual(
    after.active().map(({ address, mac }) => [address, mac]),
    [['10.0.0.100', A.mac]],
  )
  assert.equal(after.leaseAt('10.0.0.100')?.hostName, 'pc01')
  assert.deepEqual(after.offer(B, '10.0.0.100'), { address: '10.0.0.101', fresh: true })
})

test('openLeases() forgets offers and keeps what was released and declined', async (t) => {
  const open = databaseFile(t)
  const before = openLeases(open(), { subnets: SUBNETS })
  before.offer(A, undefined)
  await before.bind(A, '10.0.0.100', 600)
  await before.decline(A.mac, '10.0.0.100')
  before.offer(B, undefined)
  const after = openLeases(open(), { subnets: SUBNETS })
  assert.equal(after.leaseAt('10.0.0.100')?.state, 'declined')
  assert.equal(after.leaseAt('10.0.0.101'), undefined)
})

test('openLeases() keeps one row per machine and network when its address changes', async (t) => {
  const open = databaseFile(t)
  const leases = openLeases(open(), { subnets: SUBNETS })
  leases.offer(A, undefined)
  await leases.bind(A, '10.0.0.100', 600)
  await leases.bind({ ...A, link: '10.9.0.1' }, '10.9.0.100', 600, { adopt: true })
  await leases.bind(A, '10.0.0.101', 600, { adopt: true })
  assert.deepEqual(
    open()
      .prepare('SELECT address FROM leases ORDER BY address')
      .all()
      .map((row) => row['address']),
    ['10.0.0.101', '10.9.0.100'],
  )
})

test('openLeases() writes the leases of one moment in one commit, and waits for the disk', async (t) => {
  const database = databaseFile(t)()
  const leases = openLeases(database, {
    subnets: [{ network: { address: '10.0.0.1', prefix: 16 }, range: { first: '10.0.0.0', last: '10.0.3.255' } }],
  })
  let commits = 0
  const exec = database.exec.bind(database)
  t.mock.method(database, 'exec', (sql: string) => {
    if (sql === 'COMMIT') commits += 1
    exec(sql)
  })
  const clients = Array.from({ length: 100 }, (_, n) => ({ mac: `02:00:00:00:00:${n.toString(16).padStart(2, '0')}` }))
  const bound = clients.map((client, n) => leases.bind(client, `10.0.0.${n}`, 60, { adopt: true }))
  assert.deepEqual(new Set(await Promise.all(bound)), new Set(['bound']))
  assert.equal(commits, 1)
  assert.equal(database.prepare('PRAGMA synchronous').get()?.['synchronous'], 2)
})

test('openLeases() binds nothing that could not be written', async (t) => {
  const database = databaseFile(t)()
  const leases = openLeases(database, { subnets: SUBNETS })
  leases.offer(A, undefined)
  database.exec('DROP TABLE leases')
  await assert.rejects(leases.bind(A, '10.0.0.100', 600), { message: 'Cannot save leases' })
  assert.deepEqual(leases.active(), [])
})

/** A lease of 600 s, written at noon by a clock that is then `wall` later, when the next process starts. */
async function leaseAcross(t: { after(cleanUp: () => void): void }, wall: number) {
  const open = databaseFile(t)
  const noon = 1_000_000_000
  const before = openLeases(open(), { subnets: SUBNETS }, { steady: () => noon, wall: () => noon })
  before.offer(A, undefined)
  await before.bind(A, '10.0.0.100', 600)
  const clock = { steady: noon + wall, wall: noon + wall }
  const after = openLeases(open(), { subnets: SUBNETS }, { steady: () => clock.steady, wall: () => clock.wall })
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

test('openLeases() takes over the table of an older version', (t) => {
  const open = databaseFile(t)
  open().exec(`CREATE TABLE leases (address TEXT PRIMARY KEY, mac TEXT NOT NULL, client_id TEXT, host_name TEXT,
      state TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT;
    CREATE UNIQUE INDEX leases_mac ON leases (mac) WHERE state <> 'declined';
    INSERT INTO leases VALUES ('10.0.0.100', '${A.mac}', NULL, NULL, 'bound', ${Date.now() + 60_000})`)
  assert.equal(openLeases(open(), { subnets: SUBNETS }).active().length, 1)
})
