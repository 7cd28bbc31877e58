import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { importStream } from './import.ts'
import { specimenTar } from './specimen.ts'
import { ReleaseStore } from './store.ts'
import { UnpackedReleases } from './unpack.ts'

const asRoot = { skip: process.getuid?.() === 0 ? false : 'only root can make owners' }

async function specimen(t: TestContext): Promise<{ store: ReleaseStore; digest: string; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'netroot-unpack-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const store = await ReleaseStore.open(join(directory, 'store'))
  const bytes = (async function* () {
    yield specimenTar()
  })()
  const { info } = await importStream(store, 'specimen', { bytes, name: 'a specimen' })
  return { store, digest: info.digest, directory }
}

test('UnpackedReleases unpacks a release once, and it goes with the release', asRoot, async (t) => {
  const { store, digest } = await specimen(t)
  const unpacked = new UnpackedReleases(store)
  const [first, second] = await Promise.all([unpacked.ensure(digest), unpacked.ensure(digest)])
  assert.deepEqual(first, second)
  assert.match(await readFile(join(first.directory, 'etc/os-release'), 'utf8'), /Specimen|NAME/)
  const { ino } = await stat(first.directory)
  assert.equal((await stat((await new UnpackedReleases(store).ensure(digest)).directory)).ino, ino)
  assert.deepEqual(await unpacked.all(), [first])
  await store.remove('specimen')
  await assert.rejects(stat(first.directory), { code: 'ENOENT' })
  assert.deepEqual(await unpacked.all(), [])
})

test(
  'UnpackedReleases has a directory of its own where it is told one, with nothing half made in it',
  asRoot,
  async (t) => {
    const { store, digest, directory } = await specimen(t)
    const holder = join(directory, 'srv')
    const left = `.1-1-1-00000000-00000000-00000000` // by a process of another host, long ago
    await mkdir(join(holder, left), { recursive: true })
    const unpacked = new UnpackedReleases(store, holder)
    const { directory: tree } = await unpacked.ensure(digest)
    assert.equal(tree, join(holder, digest))
    assert.deepEqual((await readdir(holder)).sort(), [left, digest].sort())
    await store.remove('specimen')
    assert.deepEqual(await unpacked.all(), [])
    await unpacked.remove(digest)
    await unpacked.remove(digest)
    assert.deepEqual(await readdir(holder), [left])
  },
)
