import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BootEvent } from './events.ts'
import { onOneClock } from './machine-clock.ts'

const discover = (at: number): BootEvent => ({ type: 'dhcp.discover', at, speaker: 'initramfs' })

test('onOneClock() puts reports that waited for the network where they belong', () => {
  const events: readonly BootEvent[] = [
    discover(10_000),
    discover(15_000), // of the initramfs
    { type: 'report.init', at: 18_000, uptime: 2 },
    { type: 'report.cards', at: 18_020, uptime: 4.5, cards: [], missing: [] },
    { type: 'report.lease', at: 18_040, uptime: 7.03, interface: 'eth0', address: '10.0.0.7' },
    { type: 'report.root', at: 18_520, uptime: 7.5, url: 'nfs://x' },
  ]
  assert.deepEqual(
    onOneClock(events).map(({ type, at }) => [type, at]),
    [
      ['dhcp.discover', 10_000],
      ['report.init', 13_010],
      ['dhcp.discover', 15_000],
      ['report.cards', 15_510],
      ['report.lease', 18_040],
      ['report.root', 18_510],
    ],
  )
})

test('onOneClock() changes nothing where no report says its uptime', () => {
  const events: readonly BootEvent[] = [discover(1), { type: 'report.alive', at: 9 }]
  assert.deepEqual(onOneClock(events), events)
})

test('onOneClock() is not misled by a report that claims to have run before power-on', () => {
  const events: readonly BootEvent[] = [
    discover(1000),
    { type: 'report.init', at: 9000, uptime: 90_000 },
    { type: 'report.cards', at: 9100, uptime: 3, cards: [], missing: [] },
  ]
  assert.deepEqual(
    onOneClock(events).map(({ at }) => at),
    [1000, 9000, 9100],
  )
})
