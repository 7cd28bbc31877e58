import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { createBootTables } from '../fleet/boots-schema.ts'
import { openState, StateError } from './state.ts'
import { PC7, temporaryDirectory } from './testing.ts'

const NETWORK = { address: '10.0.0.1', prefix: 24 }
const RANGE = { subnets: [{ network: NETWORK, range: { first: '10.0.0.100', last: '10.0.0.110' } }] }

test('openState() finds leases and boots again', async (t) => {
  const directory = join(await temporaryDirectory(t), 'new', 'state')
  let id: string
  {
    await using state = await openState(directory, RANGE)
    id = state.boots.begin({ mac: PC7 }, 1000).id
    assert.equal(await state.leases.bind({ mac: PC7 }, '10.0.0.105', 600, { adopt: true }), 'bound')
  }
  await using again = await openState(directory, RANGE)
  assert.equal(again.boots.current(PC7)?.id, id)
  assert.equal(again.leases.leaseAt('10.0.0.105')?.mac, PC7)
})

test('openState() takes over a database of netroot from before files were marked', async (t) => {
  const directory = await temporaryDirectory(t)
  const old = new DatabaseSync(join(directory, 'netroot.sqlite'))
  createBootTables(old)
  old.close()
  await using state = await openState(directory, RANGE)
  assert.deepEqual(state.boots.list(), [])
})

test('openState() refuses the database of another program', async (t) => {
  const directory = await temporaryDirectory(t)
  const foreign = new DatabaseSync(join(directory, 'netroot.sqlite'))
  foreign.exec('CREATE TABLE boots (size TEXT); CREATE TABLE shoes (size TEXT)')
  foreign.close()
  await assert.rejects(openState(directory, RANGE), (error) => {
    return error instanceof StateError && /is the database of another program/.test(error.message)
  })
})

test('openState() leaves nothing open when it fails', async (t) => {
  const directory = await temporaryDirectory(t)
  const path = join(directory, 'netroot.sqlite')
  const odd = new DatabaseSync(path)
  odd.exec('PRAGMA application_id = 0x6e747274; CREATE TABLE boot_events (shoe TEXT)')
  odd.close()
  await assert.rejects(openState(directory, RANGE), StateError)
  const again = new DatabaseSync(path)
  again.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT') // would wait for another connection
  again.close()
})
