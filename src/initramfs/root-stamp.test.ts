import assert from 'node:assert/strict'
import { rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { elfModule } from '../formats/kmod/testing.ts'
import { ensureDriversOf } from './parts.ts'
import { kernelFiles, temporaryDirectory, testRoot, VERSION, writeFiles } from './testing.ts'

const MODULES = `usr/lib/modules/${VERSION}`

/** What may happen to a root that is a directory, between two builds. */
const changes: readonly (readonly [what: string, change: (root: string) => Promise<unknown>])[] = [
  [
    'a module is another',
    (root) => writeFile(join(root, MODULES, 'kernel/net/sunrpc/sunrpc.ko'), elfModule({ a: ['b'] })),
  ],
  ['missing firmware is installed', (root) => writeFile(join(root, 'usr/lib/firmware/rtl_nic/gone.fw'), 'here')],
  ['firmware is removed', (root) => rm(join(root, 'usr/lib/firmware/rtl_nic/rtl8168g-2.fw'))],
  ['firmware comes as an update', (root) => writeFiles(root, { 'usr/lib/firmware/updates/rtl_nic/gone.fw': 'here' })],
  ['modprobe.d says more', (root) => writeFiles(root, { 'etc/modprobe.d/x.conf': 'options nfs a=1\n' })],
  ['depmod ran', (root) => writeFile(join(root, MODULES, 'modules.alias'), 'alias pci:v0* r8169\n')],
]
for (const [what, change] of changes) {
  test(`ensureDriversOf() makes the part of a directory anew when ${what}`, async () => {
    await using root = await testRoot(kernelFiles())
    await using cache = await temporaryDirectory()
    const before = await ensureDriversOf(cache.path, { tree: root.tree }, VERSION)
    await change(root.path)
    const after = await ensureDriversOf(cache.path, { tree: root.tree }, VERSION)
    assert.notEqual(after.digest, before.digest)
  })
}

test('ensureDriversOf() takes the part of a directory that did not change out of the cache', async () => {
  await using root = await testRoot(kernelFiles())
  await using cache = await temporaryDirectory()
  const made = await ensureDriversOf(cache.path, { tree: root.tree }, VERSION)
  const old = new Date('2001-02-03')
  await utimes(made.path, old, old)
  assert.deepEqual(await ensureDriversOf(cache.path, { tree: root.tree }, VERSION), made)
  const { mtimeMs } = await stat(made.path)
  assert.equal(mtimeMs, old.getTime(), 'it was not written again')
})
