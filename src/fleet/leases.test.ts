import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openLeases } from './leases.ts'

const RANGE = { first: '10.0.0.100', last: '10.0.0.101' }
const A = { mac: '52:54:00:00:00:0a', clientId: '01525400000a', hostName: 'pc01' }
const B = { mac: '52:54:00:00:00:0b' }

/** A database file, and a second view of it as another process would have after `kill -9`. */
function databaseFile(t: { after(cleanUp: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'netroot-leases-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return () => new DatabaseSync(join(folder, 'leases.db'))
}

test('openLeases() finds a lease again that was bound before the process died', async (t) => {
  const open = databaseFile(t)
  const before = openLeases(open(), { range: RANGE })
  before.offer(A, undefined)
  assert.equal(await before.bind(A, '10.0.0.100', 600), 'bound')
  // the first connection is left open, as a killed process leaves it
  const after = openLeases(open(), { range: RANGE })
  assert.deepEqual(after.leaseOf(A.mac), before.leaseOf(A.mac))
  assert.equal(after.leaseAt('10.0.0.100')?.hostName, 'pc01')
  assert.deepEqual(after.offer(B, '10.0.0.100'), { address: '10.0.0.101' })
})

test('openLeases() forgets offers and keeps what was released and declined', async (t) => {
  const open = databaseFile(t)
  const before = openLeases(open(), { range: RANGE })
  before.offer(A, undefined)
  await before.bind(A, '10.0.0.100', 600)
  await before.decline(A.mac, '10.0.0.100')
  before.offer(B, undefined)
  const after = openLeases(open(), { range: RANGE })
  assert.equal(after.leaseAt('10.0.0.100')?.state, 'declined')
  assert.equal(after.leaseOf(B.mac), undefined)
})

test('openLeases() keeps one row per machine when its address changes', async (t) => {
  const open = databaseFile(t)
  const leases = openLeases(open(), { range: RANGE })
  leases.offer(A, undefined)
  await leases.bind(A, '10.0.0.100', 600)
  await leases.bind(A, '10.0.0.101', 600, { adopt: true })
  assert.deepEqual(
    open()
      .prepare('SELECT address, mac FROM leases')
      .all()
      .map((row) => ({ ...row })),
    [{ address: '10.0.0.101', mac: A.mac }],
  )
})

test('openLeases() writes the leases of one moment in one commit, and waits for the disk', async (t) => {
  const database = databaseFile(t)()
  const leases = openLeases(database, { range: { first: '10.0.0.0', last: '10.0.3.255' } })
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
  const leases = openLeases(database, { range: RANGE })
  leases.offer(A, undefined)
  database.exec('DROP TABLE leases')
  await assert.rejects(leases.bind(A, '10.0.0.100', 600), { message: 'Cannot save leases' })
  assert.deepEqual(leases.active(), [])
})
