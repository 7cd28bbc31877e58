import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Limits } from './limits.ts'

const LIMITS = { maxTransfers: 3, maxTransfersPerPeer: 2, maxPerSecond: 1000 }

test('Limits refuses transfers beyond what all, and what one address, may have [AW24]', () => {
  const limits = new Limits(LIMITS)
  limits.began('a')
  limits.began('a')
  assert.match(limits.busyText('a') ?? '', /^Server busy: 2 transfers to a are running/)
  assert.equal(limits.busyText('b'), undefined)
  limits.began('b')
  assert.match(limits.busyText('c') ?? '', /^Server busy: 3 transfers are running/)
  limits.ended('a')
  assert.equal(limits.busyText('c'), undefined)
})

test('Limits answers one address 200 requests in a second, whatever others do, and all of them so many [AW24]', () => {
  const limits = new Limits(LIMITS)
  const taken = (address: string, now: number): number => {
    let count = 0
    for (let asked = 0; asked < 1000; asked += 1) if (limits.takes(address, now)) count += 1
    return count
  }
  assert.deepEqual([taken('a', 0), taken('b', 999), taken('a', 1000)], [200, 200, 200])
  for (const address of ['c', 'd', 'e', 'f', 'g']) taken(address, 1500)
  assert.equal(taken('z', 1999), 0)
})

test('Limits takes nothing from an address that has confirmed none of very many transfers', () => {
  const limits = new Limits(LIMITS)
  for (let count = 0; count < 200; count += 1) limits.began('a')
  assert.equal(limits.takes('a', 0), false)
  limits.confirmed('a')
  assert.equal(limits.takes('a', 0), true)
})
