import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CpioFile } from '../formats/cpio/entry.ts'
import { elfProgram } from '../formats/elf-testing.ts'
import { librariesOf } from './libraries.ts'

const LOADER = '/lib64/ld-linux-x86-64.so.2'

function program(name: string, needed: readonly string[]): CpioFile {
  return { type: 'file', name, mode: 0o755, content: elfProgram({ interpreter: LOADER, needed }) }
}

/** The C library names its loader as a library, as glibc does; libz and libb need each other. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  'ld-linux-x86-64.so.2': [],
  'libc.so.6': ['ld-linux-x86-64.so.2'],
  'liba.so.1': ['libb.so.1', 'libc.so.6'],
  'libb.so.1': ['liba.so.1'],
}

const find = async (name: string) =>
  LIBRARIES[name] === undefined ? undefined : elfProgram({ needed: LIBRARIES[name] })

test('librariesOf() takes each library once, with what it needs, and puts the loader where programs look for it', async () => {
  const files = await librariesOf([program('bin/x', ['liba.so.1']), program('bin/y', ['libc.so.6'])], find)
  assert.deepEqual(files.map(({ name }) => name).toSorted(), [
    'lib/liba.so.1',
    'lib/libb.so.1',
    'lib/libc.so.6',
    'lib64/ld-linux-x86-64.so.2',
  ])
})

test('librariesOf() names the library that is missing and who needs it', async () => {
  await assert.rejects(
    librariesOf([program('bin/x', ['libq.so.3'])], find),
    /the library libq\.so\.3, which bin\/x needs/,
  )
})
