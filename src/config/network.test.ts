import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr } from '../net/cidr.ts'
import { ConfigError } from './error.ts'
import { parseConfig } from './load.ts'
import { checkAgainstNetwork } from './network.ts'

const NETWORK = parseCidr('10.0.0.1/24')

function mistakes(lines: string): string[] {
  const text = `interface: eth1\n${lines}\nprofiles: { debian: { image: debian } }\n`
  try {
    checkAgainstNetwork(parseConfig(text, 'netroot.yaml'), NETWORK)
  } catch (error) {
    assert(error instanceof ConfigError)
    return error.problems.map((problem) => `${problem.line}:${problem.column}: ${problem.text}`)
  }
  return []
}

test('checkAgainstNetwork() lets a fixed address lie inside the range', () => {
  assert.deepEqual(
    mistakes('range: 10.0.0.1-10.0.0.199\nclients: { a: { mac: 52:54:00:00:00:01, address: 10.0.0.150 } }'),
    [],
  )
})

test('checkAgainstNetwork() refuses a range outside the network of the interface', () => {
  assert.deepEqual(mistakes('range: 10.0.0.100-10.0.1.9'), [
    '2:8: range: 10.0.1.9 is outside the network 10.0.0.0/24 of the interface',
  ])
  assert.deepEqual(mistakes('range: 10.0.0.0-10.0.0.9'), [
    '2:8: range: 10.0.0.0 is the network 10.0.0.0/24 itself, want an address of a machine',
  ])
  assert.deepEqual(mistakes('range: 10.0.0.100-10.0.0.255'), [
    '2:8: range: 10.0.0.255 is the broadcast address of 10.0.0.0/24, want that of a machine',
  ])
})

test('checkAgainstNetwork() refuses fixed addresses and routers that no machine there can have', () => {
  const text = `range: 10.0.0.100-10.0.0.199
router: 192.168.1.1
clients:
  a: { mac: 52:54:00:00:00:01, address: 10.0.0.1 }
  b: { mac: 52:54:00:00:00:02, address: 10.9.0.1 }`
  assert.deepEqual(mistakes(text), [
    '3:9: router: 192.168.1.1 is outside the network 10.0.0.0/24 of the interface',
    "5:41: address: 10.0.0.1 is the server's own address, want another",
    '6:41: address: 10.9.0.1 is outside the network 10.0.0.0/24 of the interface',
  ])
})
