import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { WireError } from '../wire/error.ts'
import { elfDynamic } from './elf-dynamic.ts'
import { elfProgram } from './elf-testing.ts'

const PROGRAM = { interpreter: '/lib/ld-linux.so.2', needed: ['libz.so.1', 'libc.so.6'] }

for (const bits of [32, 64] as const)
  for (const littleEndian of [true, false])
    test(`elfDynamic() reads loader and libraries, ${bits} bits, ${littleEndian ? 'little' : 'big'}-endian`, () => {
      assert.deepEqual(elfDynamic(elfProgram(PROGRAM, { bits, littleEndian })), PROGRAM)
    })

test('elfDynamic() finds nothing in a static program', () => {
  assert.deepEqual(elfDynamic(elfProgram({})), { interpreter: undefined, needed: [] })
})

test('elfDynamic() reads the program that runs this test', async () => {
  const { interpreter, needed } = elfDynamic(await readFile(process.execPath))
  assert.match(interpreter ?? '', /^\/.*\/ld/)
  assert.ok(needed.some((name) => name.startsWith('libc.')))
})

test('elfDynamic() refuses what is no ELF file, and one that is cut anywhere', () => {
  assert.throws(() => elfDynamic(Buffer.from('#!/bin/sh\n'.repeat(9))), WireError)
  const whole = elfProgram(PROGRAM)
  for (let length = 0; length < whole.byteLength - 64; length++)
    assert.throws(() => elfDynamic(whole.subarray(0, length)), WireError, `cut at ${length}`)
})
