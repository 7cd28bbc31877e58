import assert from 'node:assert/strict'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeEntry, END_OF_ARCHIVE } from '../../src/formats/tar/writer.ts'
import { ReleaseStore } from '../../src/image/store.ts'
import { stampOf } from '../../src/image/stamp.ts'
import { resolvePath } from '../../src/storage/paths.ts'
import { saveTarIndex } from '../../src/storage/tar-index-file.ts'
import { scanTar } from '../../src/storage/tar-tree.ts'

const ENTRIES = 60_000
const EACH = 35_328 // bytes, 69 blocks

/** Headers where they belong; the content between them is holes of the file. */
function writeLargeTar(path: string): void {
  const fd = openSync(path, 'w')
  let position = 0
  for (let at = 0; at < ENTRIES; at++) {
    const name = `usr/share/directory-${Math.floor(at / 50)}/file-${at}`
    const header = encodeEntry({
      name,
      type: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: EACH,
      modified: { seconds: at, nanoseconds: 0 },
      linkName: '',
      device: { major: 0, minor: 0 },
      xattrs: new Map(),
    })
    writeSync(fd, header, 0, header.byteLength, position)
    position += header.byteLength + EACH
  }
  writeSync(fd, END_OF_ARCHIVE, 0, END_OF_ARCHIVE.byteLength, position)
  closeSync(fd)
}

test('ReleaseStore.openRelease() opens 2 GB in 60 000 entries in under a second', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'netroot-large-'))
  try {
    const digest = 'ab'.repeat(32) // the digest is not what is tested here: the stamp says that it was found right
    const directory = join(base, 'releases', digest)
    mkdirSync(directory, { recursive: true })
    const tar = join(directory, 'root.tar')
    writeLargeTar(tar)
    assert.ok(statSync(tar).size > 2e9)
    const scanning = performance.now()
    await saveTarIndex(join(directory, 'index'), digest, await scanTar(tar))
    t.diagnostic(`made the index in ${Math.round(performance.now() - scanning)} ms`)
    const kernel = { version: '1', path: 'boot/vmlinuz-1', size: 1, arch: 'amd64', modules: null }
    const info = {
      digest,
      size: 1,
      entries: ENTRIES,
      created: '',
      source: '',
      system: '',
      arch: 'amd64',
      kernels: [kernel],
    }
    writeFileSync(join(directory, 'release.json'), JSON.stringify(info))
    writeFileSync(join(directory, 'verified'), await stampOf(tar))

    const store = await ReleaseStore.open(base)
    const opening = performance.now()
    await using release = await store.openRelease(digest)
    const node = await resolvePath(release.tree, 'usr/share/directory-1199/file-59999')
    const took = performance.now() - opening
    t.diagnostic(`opened and looked up a path in ${Math.round(took)} ms`)
    assert.equal(node, ENTRIES)
    assert.ok(took < 1000, `${took} ms`)
  } finally {
    rmSync(base, { recursive: true })
  }
})
