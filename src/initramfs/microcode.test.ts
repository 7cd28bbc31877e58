import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { buildMicrocode } from './microcode.ts'
import { testRoot } from './testing.ts'

test('buildMicrocode() gives the kernel all of a maker in one file, decompressed and in order', async () => {
  await using root = await testRoot({
    'usr/lib/firmware/intel-ucode/06-55-04': 'B',
    'usr/lib/firmware/intel-ucode/06-3c-03': 'A',
    'usr/lib/firmware/intel-ucode/list': 'no microcode',
    'usr/lib/firmware/amd-ucode/microcode_amd_fam17h.bin.zst': zstdCompressSync(Buffer.from('AMD')),
    'usr/lib/firmware/amd-ucode/microcode_amd_fam17h.bin.asc': 'signature',
  })
  const { entries = [], report } = (await buildMicrocode(root.tree)) ?? {}
  const files = entries.flatMap((entry) =>
    entry.type === 'file' ? [[entry.name, Buffer.from(entry.content).toString()]] : [],
  )
  assert.deepEqual(files, [
    ['kernel/x86/microcode/AuthenticAMD.bin', 'AMD'],
    ['kernel/x86/microcode/GenuineIntel.bin', 'AB'],
  ])
  assert.deepEqual(report?.files, [
    'amd-ucode/microcode_amd_fam17h.bin.zst',
    'intel-ucode/06-3c-03',
    'intel-ucode/06-55-04',
  ])
})

test('buildMicrocode() makes nothing where the root has none', async () => {
  await using root = await testRoot({})
  assert.equal(await buildMicrocode(root.tree), undefined)
})
