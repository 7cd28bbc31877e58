import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linkLocalOf } from '../../net/ipv6.ts'
import { hex, toHex } from '../../wire/hex.ts'
import { encodeEmptyRouterAdvertisement } from './router-advertisement.ts'

test('encodeEmptyRouterAdvertisement() offers neither router nor prefix nor DHCPv6', () => {
  const golden = hex(
    '8600 0000' + /* type, code, checksum */ '00 00 0000' + /* hops, flags, lifetime */ '00000000 00000000',
  )
  assert.deepEqual(encodeEmptyRouterAdvertisement(), golden)
})

test('linkLocalOf() makes the address of RFC 4291 appendix A', () => {
  assert.equal(toHex(linkLocalOf('52:54:00:39:00:c0')), 'fe80000000000000505400fffe3900c0')
})
