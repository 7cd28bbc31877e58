import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findFirmware } from './firmware.ts'
import { type RootFiles, testRoot } from './testing.ts'

async function find(files: RootFiles, ...names: readonly string[]) {
  await using root = await testRoot(files)
  const { entries, missing } = await findFirmware(
    root.tree,
    '6.1',
    names.map((name) => ({ module: 'm', name })),
  )
  const found = entries.map((entry) => [
    entry.name,
    entry.type === 'file' ? Buffer.from(entry.content).toString() : entry.type,
  ])
  return { found, missing: missing.map(({ name }) => name) }
}

test('findFirmware() takes plain, .zst and .xz files as they are, in the order of the kernel', async () => {
  const files = {
    'usr/lib/firmware/a.bin.xz': 'xz',
    'usr/lib/firmware/b.bin.zst': 'zst',
    'usr/lib/firmware/b.bin.xz': 'no',
  }
  assert.deepEqual(await find(files, 'a.bin', 'b.bin', 'c.bin'), {
    found: [
      ['lib/firmware/a.bin.xz', 'xz'],
      ['lib/firmware/b.bin.zst', 'zst'],
    ],
    missing: ['c.bin'],
  })
})

test('findFirmware() prefers updates, then what is for this kernel', async () => {
  const files = {
    'usr/lib/firmware/a': 'old',
    'usr/lib/firmware/6.1/a': 'newer',
    'usr/lib/firmware/updates/a': 'newest',
  }
  assert.deepEqual((await find(files, 'a')).found, [['lib/firmware/updates/a', 'newest']])
})

test('findFirmware() follows symlinks, and takes two names of one file as one', async () => {
  const files = {
    'usr/lib/firmware/x/real': 'data',
    'usr/lib/firmware/a': '-> x/real',
    'usr/lib/firmware/b': '-> /lib/firmware/a',
  }
  assert.deepEqual((await find(files, 'b', 'a')).found, [
    ['lib/firmware/a', 'data'],
    ['lib/firmware/b', 'link'],
  ])
})

test('findFirmware() takes all that a pattern names', async () => {
  const files = {
    'usr/lib/firmware/brcm/x-sdio.bin': '1',
    'usr/lib/firmware/brcm/y-sdio.bin': '2',
    'usr/lib/firmware/brcm/z.bin': '3',
  }
  assert.deepEqual((await find(files, 'brcm/*-sdio.bin', 'none/*.bin')).missing, ['none/*.bin'])
  assert.equal((await find(files, 'brcm/*-sdio.bin')).found.length, 2)
})

test('findFirmware() never leaves /lib/firmware', async () => {
  const files = { 'etc/shadow': 'secret', 'usr/lib/firmware/a': 'data' }
  assert.deepEqual(await find(files, '../../../etc/shadow', '..'), {
    found: [],
    missing: ['../../../etc/shadow', '..'],
  })
})
