import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { broadcastOf, contains, netmaskOf, networkOf, parseCidr } from './cidr.ts'
import { ipv4FromBytes, ipv4FromNumber, ipv4ToBytes, ipv4ToNumber, isIpv4 } from './ipv4.ts'
import { macFromBytes, macToBytes, parseMac, tryParseMac } from './mac.ts'

test('parseMac() reads the forms of ip, PXELINUX, Windows and iPXE', () => {
  for (const text of ['52:54:00:AB:cd:01', '52-54-00-ab-cd-01', '525400abcd01', '01-52-54-00-ab-cd-01']) {
    assert.equal(parseMac(text), '52:54:00:ab:cd:01')
  }
})

test('parseMac() says what it wanted', () => {
  for (const text of ['', '52:54:00:ab:cd', '52:54:00:ab:cd:0g', '52:54-00:ab:cd:01', 'pc7']) {
    assert.throws(() => parseMac(text), /want six octets such as 52:54:00:12:34:56/)
  }
})

test('tryParseMac() tells what is no MAC address by undefined', () => {
  assert.equal(tryParseMac('01-52-54-00-AB-cd-01'), '52:54:00:ab:cd:01')
  assert.equal(tryParseMac('pc7'), undefined)
})

test('macToBytes() and macFromBytes() are inverse', () => {
  assert.equal(macFromBytes(macToBytes('52:54:00:ab:cd:01')), '52:54:00:ab:cd:01')
})

test('ipv4FromNumber() and ipv4ToNumber() are inverse', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (n) => assert.equal(ipv4ToNumber(ipv4FromNumber(n)), n)),
  )
})

test('ipv4FromBytes() and ipv4ToBytes() are inverse', () => {
  assert.equal(ipv4FromBytes(ipv4ToBytes('10.77.0.255')), '10.77.0.255')
})

test('isIpv4() refuses what is not four octets', () => {
  for (const text of ['', '10.0.0', '10.0.0.256', '10.0.0.1.2', '10.0.0.x', '::1']) assert.equal(isIpv4(text), false)
})

test('a network knows its mask, first and last address', () => {
  const network = parseCidr('10.77.3.9/22')
  assert.equal(netmaskOf(network), '255.255.252.0')
  assert.equal(networkOf(network), '10.77.0.0')
  assert.equal(broadcastOf(network), '10.77.3.255')
})

test('contains() holds at both ends of a network and not beyond', () => {
  const network = parseCidr('10.77.0.1/24')
  assert.equal(contains(network, '10.77.0.0') && contains(network, '10.77.0.255'), true)
  assert.equal(contains(network, '10.77.1.0') || contains(network, '10.76.255.255'), false)
})

test('parseCidr() says what it wanted', () => {
  for (const text of ['10.0.0.1', '10.0.0.1/33', '10.0.0/24', 'x/8']) assert.throws(() => parseCidr(text), TypeError)
})
