import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readPath } from '../storage/paths.ts'
import { importPath, importStream } from './import.ts'
import { ownedName, ownerIsGone } from './owner.ts'
import { checkImageName, StoreError } from './release.ts'
import { specimenTar } from './specimen.ts'
import { ReleaseStore } from './store.ts'

const base = mkdtempSync(join(tmpdir(), 'netroot-store-'))
after(() => rmSync(base, { recursive: true }))
let count = 0

async function newStore(): Promise<ReleaseStore> {
  return ReleaseStore.open(join(base, `store-${count++}`))
}
async function addRelease(store: ReleaseStore, image: string, mark: string): Promise<string> {
  const bytes = specimenTar({ './etc/mark': mark })
  const { info } = await importStream(store, image, { bytes: chunksOf(bytes), name: mark })
  return info.digest
}
async function* chunksOf(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}

test('importStream() makes a release, complete and named by its digest', async () => {
  const store = await newStore()
  const digest = await addRelease(store, 'debian', 'one')
  const directory = join(store.directory, 'releases', digest)
  assert.deepEqual(readdirSync(directory).toSorted(), ['index', 'release.json', 'root.tar', 'verified'])
  assert.deepEqual(readFileSync(join(directory, 'root.tar')), specimenTar({ './etc/mark': 'one' }))
  assert.deepEqual(readdirSync(join(store.directory, 'tmp')), [])
  const info = await store.info(digest)
  assert.deepEqual([info.system, info.source, info.entries], ['Specimen GNU/Linux 1', 'one', 14])
  await using release = await store.openRelease(digest)
  assert.equal(String(await readPath(release.tree, 'etc/mark')), 'one')
})

test('ReleaseStore keeps the releases of an image, the newest one current', async () => {
  const store = await newStore()
  const [first, second] = [await addRelease(store, 'a', 'one'), await addRelease(store, 'a', 'two')]
  const digests = async (): Promise<unknown> => (await store.image('a'))?.releases.map(({ digest }) => digest)
  assert.deepEqual(await digests(), [second, first])
  assert.equal(await store.resolve('a'), second)
  assert.equal(await store.resolve(`a@${first.slice(0, 8)}`), first)
  assert.equal(await store.resolve(first), first)
  assert.equal(await addRelease(store, 'a', 'one'), first)
  assert.deepEqual(await digests(), [first, second])
  await assert.rejects(store.resolve('b'), {
    message: `There is no image or release "b" in ${store.directory}; images are: a`,
  })
})

test('importStream() run twice at once gives one release of both images', async () => {
  const store = await newStore()
  const digests = await Promise.all(['a', 'b', 'a', 'b'].map((image) => addRelease(store, image, 'same')))
  assert.equal(new Set(digests).size, 1)
  assert.deepEqual(
    (await store.images()).map(({ name, releases }) => [name, releases.length]),
    [
      ['a', 1],
      ['b', 1],
    ],
  )
})

test('ReleaseStore.openRelease() reads an archive again that was touched, and refuses a changed one', async () => {
  const store = await newStore()
  const digest = await addRelease(store, 'a', 'one')
  const tar = join(store.directory, 'releases', digest, 'root.tar')
  utimesSync(tar, 1, 1)
  await (await store.openRelease(digest)).close()
  chmodSync(tar, 0o644)
  const bytes = readFileSync(tar)
  bytes[600] = 0x58
  writeFileSync(tar, bytes)
  await assert.rejects(
    store.openRelease(digest),
    /^StoreError: Release [0-9a-f]{64} is damaged: .*root\.tar has SHA-256 /,
  )
  assert.deepEqual(readdirSync(join(store.directory, 'leases')), [])
})

test('ReleaseStore.openRelease() makes an index again that is lost or damaged', async () => {
  const store = await newStore()
  const digest = await addRelease(store, 'a', 'one')
  const index = join(store.directory, 'releases', digest, 'index')
  for (const spoil of [(): void => rmSync(index), (): void => writeFileSync(index, 'x')]) {
    spoil()
    await using release = await store.openRelease(digest)
    assert.equal(String(await readPath(release.tree, 'etc/mark')), 'one')
  }
})

test('ReleaseStore.remove() takes an image, but leaves what is in use or another image has', async () => {
  const store = await newStore()
  const shared = await addRelease(store, 'a', 'shared')
  await store.mark('b', shared)
  const own = await addRelease(store, 'a', 'own')
  const release = await store.openRelease(own)
  await assert.rejects(store.remove('a'), {
    message: `Cannot remove release ${own}: process ${process.pid} uses it; stop that first`,
  })
  await release.close()
  await assert.rejects(
    store.remove('a', async () => 'machine pc1'),
    /machine pc1 uses it/,
  )
  assert.deepEqual(await store.remove('a'), [own])
  assert.deepEqual(
    (await store.images()).map(({ name }) => name),
    ['b'],
  )
  assert.deepEqual(await store.remove(shared), [shared])
  assert.deepEqual(readdirSync(join(store.directory, 'releases')), [])
  assert.deepEqual(await store.images(), [])
})

test('ReleaseStore.open() removes what dead processes left, and nothing of living ones', async () => {
  const store = await newStore()
  const dead = ownedName().replace(/^\d+-\d+/, '1-1') // another process has that number now
  for (const name of [dead, ownedName(), 'no-owner']) mkdirSync(join(store.directory, 'tmp', name), { recursive: true })
  await ReleaseStore.open(store.directory)
  const left = readdirSync(join(store.directory, 'tmp'))
  assert.equal(left.length, 2)
  assert.ok(!left.includes(dead))
})

test('ownerIsGone() knows what can be seen from here', () => {
  const [pid, started, namespace, boot, host] = ownedName().split('-')
  const name = (parts: readonly unknown[]): string => [...parts, 'ffffffff'].join('-')
  const day = 25 * 3600 * 1000
  assert.equal(ownerIsGone(ownedName(), day), false)
  assert.equal(ownerIsGone(name([pid, '1', namespace, boot, host]), 0), true) // the number was used again
  assert.equal(ownerIsGone(name([pid, started, namespace, '00000000', host]), 0), true) // of before a reboot
  const elsewhere = name([pid, '1', namespace, boot, '00000000'])
  assert.deepEqual([ownerIsGone(elsewhere, 0), ownerIsGone(elsewhere, day)], [false, true])
  const below = name([pid, '1', '7', boot, host]) // seen from the namespace above all others, PROC_PID_INIT_INO
  assert.deepEqual([ownerIsGone(below, 0), ownerIsGone(below, day)], [namespace === '4026531836', true])
})

test('ReleaseStore.cachedPart() makes a part once, and it goes with its release', async () => {
  const store = await newStore()
  const digest = await addRelease(store, 'a', 'one')
  const make = async (path: string): Promise<void> => writeFileSync(path, String(count++))
  const path = await store.cachedPart(digest, 'drivers.cpio', make)
  const content = readFileSync(path, 'utf8')
  assert.equal(await store.cachedPart(digest, 'drivers.cpio', make), path)
  assert.equal(readFileSync(path, 'utf8'), content)
  await assert.rejects(store.cachedPart(digest, '../../x', make), StoreError)
  await store.remove('a')
  assert.equal(existsSync(path), false)
})

test('checkImageName() refuses what cannot be a name', () => {
  assert.equal(checkImageName('debian-13.1_x'), 'debian-13.1_x')
  for (const name of ['', '..', '.x', 'a/b', 'a@b', 'a\0', '-a', 'x'.repeat(64), 'ä']) {
    assert.throws(() => checkImageName(name), StoreError, name)
  }
})

test('importStream() and importPath() leave nothing behind of what they refuse', async () => {
  const store = await newStore()
  const whole = specimenTar()
  const refuse = async (bytes: Uint8Array, message: RegExp): Promise<void> => {
    await assert.rejects(importStream(store, 'a', { bytes: chunksOf(bytes), name: 'x.tar' }), (error: Error) => {
      assert.match(`${error.message}: ${String(error.cause)}`, message)
      return true
    })
    assert.deepEqual(readdirSync(join(store.directory, 'tmp')), [])
  }
  await refuse(whole.subarray(0, 3000), /^Cannot import x\.tar: .*tar at byte 3000: the archive is cut/)
  await refuse(
    Buffer.from('hello, world\n'.repeat(100)),
    /Cannot import x\.tar: .*tar at byte 0: this is not a tar archive/,
  )
  await refuse(Buffer.alloc(0), /tar at byte 0: it is empty/)
  await refuse(Buffer.alloc(10_240), /It is an archive without entries, want a root file system/)
  await refuse(Buffer.from('hsqs'.repeat(99)), /it is squashfs, turn it into a tar archive first: sqfs2tar/)
  await refuse(specimenTar({ './boot/../../x': 'y' }), /at byte \d+: the entry "\.\/boot\/\.\.\/\.\.\/x" has "\.\."/)
  await refuse(specimenTar({ './usr/lib/systemd/systemd': undefined }), /Cannot import x\.tar: .*It has no init/)
  await assert.rejects(importPath(store, 'a', join(base, 'missing.tar')), /Cannot import .*missing\.tar/)
  await assert.rejects(importPath(store, 'a/b', '-'), /Cannot use "a\/b" as the name of an image/)
  assert.deepEqual([await store.images(), await store.releases()], [[], []])
})

test('importStream() stops when it is told to, and leaves nothing', async () => {
  const store = await newStore()
  const stop = new AbortController()
  const bytes = chunksOf(specimenTar())
  const onProgress = (): void => stop.abort()
  await assert.rejects(importStream(store, 'a', { bytes, name: 'x.tar' }, { signal: stop.signal, onProgress }), {
    message: 'The import of x.tar was interrupted',
  })
  assert.deepEqual(readdirSync(join(store.directory, 'tmp')), [])
})
