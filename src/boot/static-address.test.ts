import assert from 'node:assert/strict'
import { test } from 'node:test'
import { staticAddressText, staticIpWord, tryParseStaticAddress } from './static-address.ts'

test('tryParseStaticAddress() reads what staticAddressText() writes', () => {
  for (const text of ['10.0.0.7/24', '10.0.0.7/24,10.0.0.1']) {
    const read = tryParseStaticAddress(text)
    assert.equal(read === undefined ? '' : staticAddressText(read), text)
  }
})

test('tryParseStaticAddress() takes nothing else: it comes from the wire and goes to a command line', () => {
  for (const text of [
    '',
    '10.0.0.7',
    '10.0.0.7/33',
    '10.0.0.7/24,',
    '10.0.0.7/24,x init=/bin/sh',
    '1.2.3.4/8,1.2.3.4,1',
  ]) {
    assert.equal(tryParseStaticAddress(text), undefined, text)
  }
})

test('staticIpWord() is the word of the kernel, for the card of BOOTIF', () => {
  const address = { address: '10.0.0.7', prefix: 24 }
  assert.equal(staticIpWord({ address, router: '10.0.0.1' }), 'ip=10.0.0.7::10.0.0.1:255.255.255.0:::none')
  assert.equal(staticIpWord({ address }), 'ip=10.0.0.7:::255.255.255.0:::none')
})
