import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextServerAddress } from './next-server.ts'

test('nextServerAddress() takes an address as it is, and looks up a name [HT31]', async () => {
  assert.equal(await nextServerAddress('10.0.0.2'), '10.0.0.2')
  assert.equal(await nextServerAddress('localhost'), '127.0.0.1')
})

// a label of 64 letters: no resolver asks the network for it, RFC 1035 §2.3.4
test('nextServerAddress() refuses what is neither, and a name that nobody knows [HT31]', async () => {
  for (const text of ['10.0.0', '10.0.0.256', 'fd00::1', 'a b', '', '-x'])
    await assert.rejects(nextServerAddress(text), { message: /^Cannot use next-server ".*", want an IPv4 address, or/ })
  await assert.rejects(nextServerAddress(`${'x'.repeat(64)}.invalid`), {
    message: /finds no IPv4 address of it \(E\w+\), want an IPv4 address/,
  })
})
