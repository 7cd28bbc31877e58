import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr6 } from '../../net/ipv6.ts'
import { checkRange6, parseRange6, serverAddress6 } from './network.ts'

const NETWORK = parseCidr6('fd77::/64')

test('parseRange6() reads two addresses, the lower one first, and no more than a server can remember', () => {
  assert.deepEqual(parseRange6('fd77:0::100 - FD77::1FF'), { first: 'fd77::100', last: 'fd77::1ff' })
  assert.throws(() => parseRange6('fd77::1'), /Cannot read range "fd77::1", want FIRST-LAST/)
  assert.throws(() => parseRange6('fd77::2-fd77::1'), /it is reversed, want fd77::1-fd77::2/)
  assert.throws(() => parseRange6('fd77::-fd77::1:0'), /it has more than 65536 addresses, want a part of it/)
})

test('checkRange6() wants the range in its network', () => {
  checkRange6(NETWORK, { first: 'fd77::1', last: 'fd77::2' })
  assert.throws(() => checkRange6(NETWORK, { first: 'fd78::1', last: 'fd78::2' }), /it is outside fd77::\/64/)
})

test("serverAddress6() finds the server's address in a network, or says what to type", () => {
  const own = ['fd78::1/64', 'fd77::1/64', 'fd77::2/64'].map(parseCidr6)
  assert.equal(serverAddress6('eth1', NETWORK, own), 'fd77::1')
  assert.equal(serverAddress6('eth1', NETWORK, own, 'fd77::2'), 'fd77::2')
  assert.throws(() => serverAddress6('eth1', NETWORK, own, 'fd77::3'), /it has fd78::1, fd77::1, fd77::2, want fd77::3/)
  assert.throws(() => serverAddress6('eth1', NETWORK, []), /no IPv6 address, want one of fd77::\/64: ip address add/)
})
