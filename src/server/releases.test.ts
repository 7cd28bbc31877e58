import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreError } from '../image/release.ts'
import { SPECIMEN_KERNEL } from '../image/specimen.ts'
import { Releases } from './releases.ts'
import { specimenStore } from './testing.ts'

const KERNEL = '6.1.0-10-amd64'

test('Releases chooses the newest release and its newest kernel that has modules in it [FB63]', async (t) => {
  const { store, digest } = await specimenStore(t)
  await using releases = new Releases(store)
  const chosen = await releases.choose({ image: 'specimen' })
  assert.deepEqual([chosen.digest, chosen.kernel.version], [digest, KERNEL])
  const named = await releases.choose({ image: 'specimen', release: digest.slice(0, 8), kernel: KERNEL })
  assert.equal(named.digest, digest)
})

test('Releases says which word of a profile names what is not there', async (t) => {
  const { store, digest } = await specimenStore(t)
  await using releases = new Releases(store)
  const short = digest.slice(0, 12)
  await assert.rejects(releases.choose({ image: 'gone' }), {
    field: 'image',
    message: `There is no image "gone" in ${store.directory}, images are: specimen; make it with: netroot image build gone --store ${store.directory}`,
  })
  await assert.rejects(releases.choose({ image: 'specimen', release: 'ffffff' }), {
    field: 'release',
    message: `Image specimen has no release "ffffff", its releases are: ${short}`,
  })
  await assert.rejects(releases.choose({ image: 'specimen', kernel: '6.1.0-9-amd64' }), {
    field: 'kernel',
    message: `Release ${short} of specimen has no kernel "6.1.0-9-amd64"; it has ${KERNEL}`,
  })
})

test('Releases gives a boot that has begun its own release, whatever the image is now', async (t) => {
  const { store, digest } = await specimenStore(t)
  await using releases = new Releases(store)
  assert.equal((await releases.pinned({ release: digest, kernel: KERNEL })).digest, digest)
  await assert.rejects(releases.pinned({ release: digest, kernel: '9.9' }), StoreError)
  await assert.rejects(releases.pinned({ release: '0'.repeat(64), kernel: KERNEL }), StoreError)
})

test('Releases opens a kernel of a release', async (t) => {
  const { store, digest } = await specimenStore(t)
  await using releases = new Releases(store)
  const kernel = await releases.kernel(digest, KERNEL)
  assert.equal(kernel.size, SPECIMEN_KERNEL.length)
  await kernel.close()
  await assert.rejects(releases.kernel(digest, '9.9'), /has no kernel 9\.9/)
})

test('Releases exports a release under its digest, and nothing else', async (t) => {
  const { store, digest } = await specimenStore(t)
  await using releases = new Releases(store)
  const { exports } = releases
  assert.deepEqual(await exports.paths(), [`/release/${digest}`])
  assert.equal((await exports.byPath(`/release/${digest}`))?.path, `/release/${digest}`)
  for (const path of ['/', '/release', `/release/${digest.slice(0, 12)}`, `/release/${'0'.repeat(64)}`, `/${digest}`]) {
    assert.equal(await exports.byPath(path), undefined, path)
  }
})

test('Releases knows the key of a handle again after a restart of the server', async (t) => {
  const { store, digest } = await specimenStore(t)
  let key: Uint8Array
  {
    await using before = new Releases(store)
    key = (await before.exports.byPath(`/release/${digest}`))?.key ?? assert.fail()
  }
  await using after = new Releases(store)
  const text = Buffer.from(key).toString('latin1')
  assert.equal((await after.exports.byKey(text))?.path, `/release/${digest}`)
  assert.equal(await after.exports.byKey('\0'.repeat(16)), undefined)
})

test('Releases keeps what it serves from being removed until it ends', async (t) => {
  const { store, digest } = await specimenStore(t)
  {
    await using releases = new Releases(store)
    await releases.choose({ image: 'specimen' })
    await assert.rejects(store.remove(digest), /uses it; stop that first/)
  }
  assert.deepEqual(await store.remove(digest), [digest])
})
