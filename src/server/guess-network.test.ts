import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guessRange } from './guess-network.ts'

test('guessRange() takes a stretch of the network', () => {
  assert.equal(guessRange({ address: '192.168.1.1', prefix: 24 }), '192.168.1.102-192.168.1.203')
})

test('guessRange() leaves the server its own address', () => {
  assert.equal(guessRange({ address: '192.168.1.110', prefix: 24 }), '192.168.1.111-192.168.1.203')
  assert.equal(guessRange({ address: '192.168.1.200', prefix: 24 }), '192.168.1.102-192.168.1.199')
})

test('guessRange() takes no more than a thousand addresses of a large network', () => {
  assert.equal(guessRange({ address: '10.0.0.1', prefix: 8 }), '10.102.102.102-10.102.106.77')
})
