import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressCheck } from './address-check.ts'

const OWN = '52:54:00:00:00:0a'
const OTHER = '52:54:00:00:00:0b'

/** A check of a network in which the machines of `holders` answer, and a clock in milliseconds. */
function checkOf(holders: Readonly<Record<string, string>>) {
  const clock = { now: 0 }
  const asked: string[] = []
  const find = async (address: string): Promise<string | undefined> => {
    asked.push(address)
    return holders[address]
  }
  const check = new AddressCheck({ network: { address: '10.0.0.1', prefix: 24 }, find, now: () => clock.now })
  return { check, clock, asked }
}

test('AddressCheck says who uses an address, unless it is the machine that asks for it', async () => {
  const { check } = checkOf({ '10.0.0.100': OTHER })
  assert.equal(await check.holderOf('10.0.0.100', OWN), OTHER)
  assert.equal(await check.holderOf('10.0.0.100', OTHER), undefined)
  assert.equal(await check.holderOf('10.0.0.101', OWN), undefined)
})

test('AddressCheck asks again for an unused address after half a minute, for a used one at once', async () => {
  const { check, clock, asked } = checkOf({ '10.0.0.100': OTHER })
  for (const now of [0, 29_999, 30_000]) {
    clock.now = now
    await check.holderOf('10.0.0.101', OWN)
  }
  assert.deepEqual(asked, ['10.0.0.101', '10.0.0.101'])
  await check.holderOf('10.0.0.100', OWN)
  await check.holderOf('10.0.0.100', OWN)
  assert.equal(asked.length, 4)
})

test('AddressCheck looks in its own network only: ARP goes through no relay', async () => {
  const { check, asked } = checkOf({ '10.0.9.100': OTHER })
  assert.equal(await check.holderOf('10.0.9.100', OWN), undefined)
  assert.deepEqual(asked, [])
})

test('AddressCheck remembers no more than a few thousand addresses', async () => {
  const clock = { now: 0 }
  const asked = new Map<string, number>()
  const find = async (address: string): Promise<undefined> => void asked.set(address, (asked.get(address) ?? 0) + 1)
  const check = new AddressCheck({ network: { address: '10.0.0.1', prefix: 8 }, find, now: () => clock.now })
  for (let n = 0; n <= 4096; n += 1) await check.holderOf(`10.0.${n >> 8}.${n & 255}`, OWN)
  await check.holderOf('10.0.0.0', OWN) // the oldest is forgotten, so it is asked for again
  await check.holderOf('10.0.16.0', OWN)
  assert.deepEqual([asked.get('10.0.0.0'), asked.get('10.0.16.0')], [2, 1])
})
