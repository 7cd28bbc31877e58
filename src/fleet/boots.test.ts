import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { isBootId, newBootId } from './boot-id.ts'
import { Boots } from './boots.ts'
import { BootsReader } from './boots-reader.ts'
import { hasBootTables } from './boots-schema.ts'
import type { BootEvent } from './events.ts'

const PC7 = { mac: '52:54:00:00:00:07', architecture: 7 }
const PC8 = { mac: '52:54:00:00:00:08' }

function discover(at: number): BootEvent {
  return { type: 'dhcp.discover', at, speaker: 'firmware' }
}
function ack(at: number, address: string): BootEvent {
  return { type: 'dhcp.ack', at, speaker: 'firmware', address, leaseSeconds: 3600 }
}

function openBoots(t: TestContext, limits = {}): Boots {
  const database = new DatabaseSync(':memory:')
  t.after(() => database.close())
  return new Boots(database, limits)
}

test('newBootId() is short, typeable and never twice the same', () => {
  const ids = new Set(Array.from({ length: 1000 }, newBootId))
  assert.equal(ids.size, 1000)
  for (const id of ids) assert.match(id, /^[2-9a-hjkmnp-z]{6}$/)
  assert.equal(isBootId('k7m2qa'), true)
  for (const text of ['', 'K7M2QA', 'k7m2q', 'k7m2qal', '../../']) assert.equal(isBootId(text), false)
})

test('Boots keeps the events of two machines apart', (t) => {
  const boots = openBoots(t)
  const one = boots.forDhcp(PC7, 'firmware', 1000, 'pc7')
  const two = boots.forDhcp(PC8, 'firmware', 1500)
  assert(one && two)
  boots.record(one.id, discover(1000))
  boots.record(two.id, discover(1500))
  boots.record(one.id, ack(2000, '10.0.0.7'))
  assert.equal(boots.forDhcp(PC7, 'ipxe', 3000)?.id, one.id)
  assert.deepEqual(
    boots.events(one.id).map(({ event }) => event),
    [discover(1000), ack(2000, '10.0.0.7')],
  )
  assert.deepEqual(
    boots.events(two.id).map(({ event }) => event),
    [discover(1500)],
  )
  assert.deepEqual(
    boots.list().map(({ id, name }) => [id, name]),
    [
      [two.id, ''],
      [one.id, 'pc7'],
    ],
  )
})

test('Boots takes its own restart for no sign of life of a machine', (t) => {
  const boots = openBoots(t)
  const boot = boots.begin(PC7, 1000)
  boots.record(boot.id, discover(1000))
  boots.recordRestart(9_000_000)
  assert.equal(boots.get(boot.id)?.lastAt, 1000)
  assert.notEqual(boots.forDhcp(PC7, 'firmware', 9_000_001)?.id, boot.id) // it was switched on anew meanwhile
})

test('Boots finds the boot of an address, also after the address went to another machine', (t) => {
  const boots = openBoots(t)
  const one = boots.begin(PC7, 1000)
  boots.record(one.id, ack(1100, '10.0.0.7'))
  assert.equal(boots.currentByAddress('10.0.0.7')?.id, one.id)
  assert.equal(boots.get(one.id)?.address, '10.0.0.7')
  const two = boots.begin(PC8, 2000)
  boots.record(two.id, ack(2100, '10.0.0.7'))
  assert.equal(boots.currentByAddress('10.0.0.7')?.id, two.id)
  assert.equal(boots.currentByAddress('10.0.0.8'), undefined)
})

test('Boots follows the phase and learns of the machine what later stages tell', (t) => {
  const boots = openBoots(t)
  const { id } = boots.begin(PC7, 1000, 'pc7')
  boots.record(id, discover(1000))
  boots.forDhcp({ ...PC7, busId: '01:80:86:10:0e' }, 'ipxe', 2000)
  boots.record(id, { type: 'report.alive', at: 9000, uptime: 7 })
  const boot = boots.currentByName('pc7')
  assert.deepEqual(boot, {
    id,
    machine: { ...PC7, busId: '01:80:86:10:0e' },
    name: 'pc7',
    phase: 'alive',
    beganAt: 1000,
    lastAt: 9000,
  })
})

test('Boots goes on with the same boots after a restart, and says so in them', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'netroot-boots-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'netroot.sqlite')
  const before = new DatabaseSync(path)
  const first = new Boots(before)
  const going = first.begin(PC7, 1000)
  first.record(going.id, discover(1000))
  const ended = first.begin(PC8, 1000)
  first.record(ended.id, { type: 'report.shutdown', at: 1500, kind: 'poweroff' })
  const killed = new DatabaseSync(path) // the first is not closed: a killed server closes nothing
  const second = new Boots(killed)
  second.recordRestart(2000)
  assert.equal(second.forDhcp(PC7, 'firmware', 3000)?.id, going.id)
  assert.deepEqual(
    second.events(going.id).map(({ event }) => event.type),
    ['dhcp.discover', 'server.restarted'],
  )
  assert.deepEqual(
    second.events(ended.id).map(({ event }) => event.type),
    ['report.shutdown'],
  )
  before.close()
  killed.close()
})

test('BootsReader reads while the server writes', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'netroot-boots-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'netroot.sqlite')
  const writing = new DatabaseSync(path)
  const boots = new Boots(writing)
  const { id } = boots.begin(PC7, 1000)
  boots.record(id, discover(1000))
  const reading = new DatabaseSync(path, { readOnly: true })
  assert.equal(hasBootTables(reading), true)
  const reader = new BootsReader(reading)
  const seen = reader.lastSequence()
  boots.record(id, ack(2000, '10.0.0.7'))
  assert.deepEqual(
    reader.eventsAfter(seen).map(({ boot, event }) => [boot, event.type]),
    [[id, 'dhcp.ack']],
  )
  assert.deepEqual(
    reader.events(id, seen).map(({ event }) => event.type),
    ['dhcp.ack'],
  )
  reading.close()
  writing.close()
})

test('Boots records nothing for a boot that does not exist', (t) => {
  const boots = openBoots(t)
  assert.equal(boots.record('zzzzzz', discover(1)), undefined)
  assert.equal(boots.lastSequence(), 0)
})

test('Boots forgets the oldest boots beyond its limit, with their events', (t) => {
  const boots = openBoots(t, { boots: 3 })
  const ids = [1, 2, 3, 4, 5].map((at) => {
    const { id } = boots.begin(PC7, at)
    boots.record(id, discover(at))
    return id
  })
  assert.deepEqual(
    boots.list().map(({ id }) => id),
    ids.slice(2).reverse(),
  )
  assert.deepEqual(
    boots.eventsAfter(0).map(({ boot }) => boot),
    ids.slice(2),
  )
})

test('Boots keeps beginning and end of a story that grows without end', (t) => {
  const boots = openBoots(t, { eventsPerBoot: 10 })
  const { id } = boots.begin(PC7, 0)
  for (let at = 1; at <= 50; at += 1) boots.record(id, discover(at))
  assert.deepEqual(
    boots.events(id).map(({ event }) => event.at),
    [1, 2, 3, 4, 45, 46, 47, 48, 49, 50],
  )
})

test('Boots tells subscribers what it records until they stop', (t) => {
  const boots = openBoots(t)
  const { id } = boots.begin(PC7, 0)
  const seen: string[] = []
  const stop = new AbortController()
  boots.subscribe(({ event }) => seen.push(event.type), stop.signal)
  boots.record(id, discover(1))
  stop.abort()
  boots.record(id, ack(2, '10.0.0.7'))
  assert.deepEqual(seen, ['dhcp.discover'])
})
