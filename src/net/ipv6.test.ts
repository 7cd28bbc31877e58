import assert from 'node:assert/strict'
import { test } from 'node:test'
import { macFromBytes } from './mac.ts'
import {
  contains6,
  ipv6FromBytes,
  ipv6ToBytes,
  linkLocalOf,
  macOfLinkLocal,
  networkOf6,
  parseCidr6,
  parseIpv6,
} from './ipv6.ts'

test('parseIpv6() gives every form of an address the one of RFC 5952', () => {
  const rows = [
    ['FD77:0:0:0:0:0:0:1', 'fd77::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['fd77::', 'fd77::'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
  ]
  for (const [text = '', want] of rows) assert.equal(parseIpv6(text), want)
})

test('parseIpv6() refuses what is no address', () => {
  for (const text of ['', 'fd77', '10.0.0.1', 'fe80::1%eth0', '1::2::3', 'fd77::1/64']) {
    assert.throws(() => parseIpv6(text), /Cannot read IPv6 address .*want one such as fd77::1/)
  }
})

test('contains6() and networkOf6() look at the bits of the prefix', () => {
  const network = parseCidr6('fd77:0:0:10::1/60')
  assert.equal(networkOf6(network), 'fd77:0:0:10::')
  assert.ok(contains6(network, 'fd77:0:0:1f:ffff::'))
  assert.ok(!contains6(network, 'fd77:0:0:20::'))
  assert.throws(() => parseCidr6('fd77::/129'), /want fd77::\/64/)
})

test('macOfLinkLocal() finds the MAC that linkLocalOf() made the address of, and none elsewhere', () => {
  const mac = '52:54:00:39:00:c0'
  assert.equal(macOfLinkLocal(ipv6FromBytes(linkLocalOf(mac))), mac)
  for (const other of ['fe80::1', 'fd77::5054:ff:fe39:c0', '::']) assert.equal(macOfLinkLocal(other), undefined)
  assert.equal(macFromBytes(ipv6ToBytes('fe80::1').subarray(10)), '00:00:00:00:00:01')
})
