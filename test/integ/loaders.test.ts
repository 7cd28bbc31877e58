import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { ensureLoaders } from '../../src/boot/loaders/files.ts'
import { LOADER_FILES } from '../../src/boot/loaders/select.ts'
import { temporaryDirectory } from '../../src/initramfs/testing.ts'

describe('ensureLoaders()', { timeout: 120_000 }, () => {
  test("takes iPXE's loaders out of Debian's package, and again when one is damaged", async () => {
    await using cache = await temporaryDirectory()
    const loaders = await ensureLoaders(cache.path)
    for (const name of LOADER_FILES) assert.ok(loaders.has(name), name)
    for (const [name, { path, size, digest }] of loaders) {
      const bytes = await readFile(path)
      assert.equal(bytes.byteLength, size)
      assert.equal(createHash('sha256').update(bytes).digest('hex'), digest)
      if (name.endsWith('.efi')) assert.equal(bytes.toString('latin1', 0, 2), 'MZ', name)
      if (name.endsWith('.lkrn')) assert.equal(bytes.toString('latin1', 0x202, 0x206), 'HdrS')
    }
    await writeFile(loaders.get('undionly.kpxe')?.path ?? '', 'damaged')
    assert.deepEqual(await ensureLoaders(cache.path), loaders)
    assert.ok((await readFile(loaders.get('undionly.kpxe')?.path ?? '')).byteLength > 50_000)
  })
})
