import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readCpio } from '../formats/cpio/read.ts'
import { run } from '../sys/run.ts'
import { clientPart } from './client-part.ts'

function planOf(variables: Readonly<Record<string, string>>): string {
  const entry = readCpio(clientPart({ variables })).entries.find(({ name }) => name === 'netroot/plan')
  return entry?.type === 'file' ? Buffer.from(entry.content).toString() : ''
}

test('clientPart() writes the plan as assignments in single quotes', () => {
  const plan = planOf({ NETROOT_BOOT: '7f3k', NETROOT_ROOTS: 'nfs://10.0.0.1/release/ab?vers=3', NETROOT_NAME: '' })
  assert.equal(plan, "NETROOT_BOOT='7f3k'\nNETROOT_ROOTS='nfs://10.0.0.1/release/ab?vers=3'\nNETROOT_NAME=''\n")
})

test('clientPart() takes a few hundred bytes', () => {
  assert.ok(clientPart({ variables: { NETROOT_BOOT: '7f3k' } }).byteLength < 600)
})

test('clientPart() is read by sh as it was given, whatever the values hold', async () => {
  const value = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom(...'\'"\\$`\n ;&|(){}'.split('')) }),
  )
  const plain = value.map((text) => text.replaceAll('\0', ''))
  const values = fc.sample(plain, 200)
  const variables = Object.fromEntries(values.map((text, at) => [`V${at}`, text]))
  const print = `${planOf(variables)}printf '%s\\0' ${values.map((_, at) => `"$V${at}"`).join(' ')}\n`
  const output = await run('sh', [], { input: print })
  assert.deepEqual(
    output.toString().split('\0').slice(0, -1),
    values.map((text) => Buffer.from(text).toString()),
  )
})

test('clientPart() refuses what sh could not read', () => {
  assert.throws(() => clientPart({ variables: { 'A B': '1' } }), /"A B" is no name/)
  assert.throws(() => clientPart({ variables: { A: 'x\0y' } }), /the value of A holds a NUL/)
})
