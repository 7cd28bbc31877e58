import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { LOADER_CATALOG } from '../../src/boot/loaders/catalog.ts'
import { Loaders } from '../../src/boot/loaders/files.ts'
import { LOADER_FILES } from '../../src/boot/loaders/select.ts'
import { temporaryDirectory } from '../../src/initramfs/testing.ts'

describe('Loaders', { timeout: 300_000 }, () => {
  test("get() takes every loader out of Debian's packages, and again when one is damaged [AW10]", async () => {
    await using cache = await temporaryDirectory()
    for (const name of LOADER_FILES)
      assert.ok(
        LOADER_CATALOG.some((source) => source.name === name),
        name,
      )
    const loaders = new Loaders(cache.path)
    for (const { name } of LOADER_CATALOG) {
      const { path, size, digest } = await found(loaders, name)
      const bytes = await readFile(path)
      assert.equal(bytes.byteLength, size)
      assert.equal(createHash('sha256').update(bytes).digest('hex'), digest)
      if (name.endsWith('.efi')) assert.equal(bytes.toString('latin1', 0, 2), 'MZ', name)
      if (name.endsWith('.lkrn')) assert.equal(bytes.toString('latin1', 0x202, 0x206), 'HdrS')
    }
    const before = await found(loaders, 'undionly.kpxe')
    await writeFile(before.path, 'damaged')
    assert.deepEqual(await found(new Loaders(cache.path), 'undionly.kpxe'), before)
    assert.ok((await readFile(before.path)).byteLength > 50_000)
    assert.equal(await loaders.get('../../etc/passwd'), undefined)
  })

  test('get() takes a given file instead, as it is now', async () => {
    await using cache = await temporaryDirectory()
    const own = join(cache.path, 'own.efi')
    const loaders = new Loaders(cache.path, new Map([['snponly.efi', own]]))
    await assert.rejects(loaders.get('snponly.efi'), /ENOENT.*own\.efi/)
    await writeFile(own, 'MZ one')
    assert.equal((await found(loaders, 'snponly.efi')).size, 6)
    await writeFile(own, 'MZ other')
    assert.equal((await found(loaders, 'snponly.efi')).size, 8)
  })
})

async function found(loaders: Loaders, name: string) {
  const file = await loaders.get(name)
  assert.ok(file !== undefined, name)
  return file
}
