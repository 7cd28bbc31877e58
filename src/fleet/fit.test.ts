import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BootEvent } from './events.ts'
import { decideFit, isDistrusted, pastDriversOf } from './fit.ts'

const E1000 = '8086:100e'
const SECOND = 'pci:v00001AF4d00001000sv0sd0bc02sc00i00'

test('decideFit() takes the card that the loader tells, and those that the machine reported before', () => {
  assert.deepEqual(decideFit({ told: E1000, remembered: [SECOND], past: [] }), { devices: [E1000, SECOND] })
  assert.deepEqual(decideFit({ told: E1000, remembered: [], past: [] }), { devices: [E1000] })
})

test('decideFit() does not trust memory alone', () => {
  assert.ok('generic' in decideFit({ told: undefined, remembered: [SECOND], past: [] }))
})

test('decideFit() is generic after a boot with fitted drivers that nobody heard of', () => {
  const past = [{ scope: 'fitted', part: 'a', worked: false }] as const
  assert.ok('generic' in decideFit({ told: E1000, remembered: [], past }))
  const after = [{ scope: 'generic', part: 'g', worked: true }, ...past] as const
  assert.ok('devices' in decideFit({ told: E1000, remembered: [], past: after }))
})

test('isDistrusted() counts failures of one part since it worked last', () => {
  const [failed, worked, other] = [
    { scope: 'fitted', part: 'a', worked: false },
    { scope: 'fitted', part: 'a', worked: true },
    { scope: 'generic', part: 'g', worked: true },
  ] as const
  assert.equal(isDistrusted('a', [other, failed, other]), false)
  assert.equal(isDistrusted('a', [other, failed, other, failed]), true)
  assert.equal(isDistrusted('a', [other, failed, worked, failed]), false)
  assert.equal(isDistrusted('b', [other, failed, other, failed]), false)
})

const CHOSEN = {
  type: 'boot.drivers',
  at: 1,
  scope: 'fitted',
  devices: [E1000],
  why: '',
  part: 'a',
  bytes: 1,
  modules: 1,
} as const
const FETCHED = {
  type: 'http.file',
  at: 2,
  role: 'drivers',
  path: '/',
  status: 200,
  outcome: 'sent',
  bytes: 1,
  durationMs: 1,
} as const

test('pastDriversOf() tells boots that were heard of from those that fell silent, and forgets those that fetched nothing', () => {
  const heard: BootEvent = { type: 'report.init', at: 3 }
  const lacking: BootEvent = { type: 'report.failed', at: 4, cause: 'no-driver', text: '', log: '' }
  assert.equal(pastDriversOf([CHOSEN]), undefined)
  assert.equal(pastDriversOf([FETCHED, heard]), undefined)
  assert.equal(pastDriversOf([CHOSEN, FETCHED])?.worked, false)
  assert.equal(pastDriversOf([CHOSEN, FETCHED, heard])?.worked, true)
  assert.equal(pastDriversOf([CHOSEN, FETCHED, heard, lacking])?.worked, false)
})
