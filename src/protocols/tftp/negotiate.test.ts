import assert from 'node:assert/strict'
import { test } from 'node:test'
import { negotiate } from './negotiate.ts'

/** What is answered to these options, for a file of 1000 bytes. */
function accepted(asked: Record<string, string>): Record<string, string> {
  return Object.fromEntries(negotiate(new Map(Object.entries(asked)), 1000).accepted)
}

test('negotiate() agrees on 512 bytes and one block where nothing is asked for', () => {
  const agreement = { blockSize: 512, windowSize: 1, timeoutMs: undefined, accepted: new Map() }
  assert.deepEqual(negotiate(new Map(), 1000), agreement)
})

test('negotiate() accepts block size, window size, time-out and size', () => {
  const asked = { blksize: '1468', windowsize: '16', timeout: '3', tsize: '0' }
  assert.deepEqual(accepted(asked), { ...asked, tsize: '1000' })
  assert.equal(negotiate(new Map(Object.entries(asked)), 1000).timeoutMs, 3000)
})

test('negotiate() answers block sizes from 8 to 65464 and leaves out what is smaller', () => {
  assert.deepEqual(accepted({ blksize: '8' }), { blksize: '8' })
  assert.deepEqual(accepted({ blksize: '7' }), {})
  assert.deepEqual(accepted({ blksize: '65464' }), { blksize: '65464' })
  assert.deepEqual(accepted({ blksize: '70000' }), { blksize: '65464' })
})

test('negotiate() bounds a window to what a receive buffer holds', () => {
  assert.deepEqual(accepted({ windowsize: '65535' }), { windowsize: '64' })
  assert.deepEqual(accepted({ windowsize: '64', blksize: '8192' }), { windowsize: '16', blksize: '8192' })
  assert.deepEqual(accepted({ windowsize: '0' }), {})
})

test('negotiate() accepts a time-out as asked or not at all', () => {
  assert.deepEqual(accepted({ timeout: '30' }), { timeout: '30' })
  assert.deepEqual(accepted({ timeout: '31' }), {})
  assert.deepEqual(accepted({ timeout: '0' }), {})
})

test('negotiate() passes over what it does not know and what is no number', () => {
  const asked = { multicast: '', blksize: '-1', windowsize: '0x10', timeout: '99999999999999999999', tsize: 'x' }
  assert.deepEqual(accepted(asked), { tsize: '1000' })
})

test('negotiate() tells no size of an empty file, which curl would refuse', () => {
  assert.deepEqual(negotiate(new Map([['tsize', '0']]), 0).accepted, new Map())
})
