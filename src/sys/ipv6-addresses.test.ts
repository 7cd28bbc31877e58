import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseIfInet6 } from './ipv6-addresses.ts'

const TABLE = `fd770000000000000000000000000001 02 40 00 80     eth1
fe800000000000005054000000000001 02 40 20 80     eth1
fd770000000000000000000000000002 02 80 00 c0     eth1
fd780000000000000000000000000001 03 40 00 80     eth2
`

test('parseIfInet6() finds the addresses of one interface, and which are on trial', () => {
  assert.deepEqual(parseIfInet6(TABLE, 'eth1'), [
    { cidr: { address: 'fd77::1', prefix: 64 }, isTentative: false },
    { cidr: { address: 'fd77::2', prefix: 128 }, isTentative: true },
  ])
  assert.deepEqual(parseIfInet6(TABLE, 'eth3'), [])
})
