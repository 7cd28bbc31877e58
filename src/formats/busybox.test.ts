import assert from 'node:assert/strict'
import { test } from 'node:test'
import { busyboxApplets } from './busybox.ts'

test('busyboxApplets() reads the names out of the binary, without running it', () => {
  const binary = Buffer.from('\x7fELF code [\0[[\0ash\0cat\0zcat\0\0/var/log', 'latin1')
  assert.deepEqual(busyboxApplets(binary), ['[', '[[', 'ash', 'cat', 'zcat'])
})

test('busyboxApplets() says of another program that it is none', () => {
  assert.throws(() => busyboxApplets(Buffer.from('\x7fELF sh')), /it has no table of applets/)
  assert.throws(() => busyboxApplets(Buffer.from('[\0[[\0')), /it has no table of applets/)
})
