import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLoad } from './dhcp-load.ts'

/** perfdhcp 2.2.0, shortened. */
const OUTPUT = `***Rate statistics***
Rate: 239.54 4-way exchanges/second, expected rate: 300

***Statistics for: DISCOVER-OFFER***
sent packets: 600
received packets: 597

***Statistics for: REQUEST-ACK***
sent packets: 597
received packets: 590
`

test('parseLoad() reads the rate, and what was lost of both halves', () => {
  const { exchangesPerSecond, lostShare } = parseLoad(OUTPUT)
  assert.equal(exchangesPerSecond, 239.54)
  assert.equal(lostShare.toFixed(5), (10 / 1197).toFixed(5))
})

test('parseLoad() refuses what perfdhcp says instead', () => {
  assert.throws(() => parseLoad('Failed to open socket'), /Cannot read the result of perfdhcp: Failed to open socket/)
})
