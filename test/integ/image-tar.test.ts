import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  createWriteStream,
  ftruncateSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { after, before, test } from 'node:test'
import { archiveDirectory } from '../../src/image/directory-source.ts'
import { DirectoryTree } from '../../src/storage/directory-tree.ts'
import { openTarTree } from '../../src/storage/tar-tree.ts'
import { assertSameTree } from '../support/compare-trees.ts'

const base = mkdtempSync(join(tmpdir(), 'netroot-integ-tar-'))
const root = join(base, 'root')
const isRoot = process.getuid?.() === 0
const CAPABILITY = '0x0100000200200000000000000000000000000000' // cap_net_raw=ep
const GNU_FORMATS = ['gnu', 'oldgnu', 'pax']
let hasXattrs = false

before(() => {
  const deep = join(root, 'a'.repeat(90), 'b'.repeat(90), 'c'.repeat(90))
  mkdirSync(deep, { recursive: true })
  writeFileSync(join(deep, 'd'.repeat(200)), 'deep')
  symlinkSync('t'.repeat(300), join(deep, 'link'))
  writeFileSync(join(root, 'plain'), 'x'.repeat(12_345), { mode: 0o600 })
  linkSync(join(root, 'plain'), join(root, 'second name'))
  linkSync(join(root, 'plain'), join(deep, 'e'.repeat(150)))
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe, 0x0a, 0x5c, 0x31])]), 'odd name')
  makeSparse()
  execFileSync('mkfifo', ['-m', '640', join(root, 'fifo')])
  if (isRoot) makeAsRoot()
  execFileSync('find', [root, '-depth', '-exec', 'touch', '-h', '-d', '@1707055890.123456789', '{}', '+'])
})
after(() => rmSync(base, { recursive: true }))

/** 40 runs of content in 40 MB, more than fit into a header, and a hole at the end. */
function makeSparse(): void {
  const fd = openSync(join(root, 'sparse'), 'w')
  for (let at = 0; at < 40; at++) writeSync(fd, Buffer.alloc(4096, `run ${at} `), 0, 4096, at * 1_024_000)
  ftruncateSync(fd, 41_000_001)
  closeSync(fd)
  writeFileSync(join(root, 'only-a-hole'), '')
  truncateSync(join(root, 'only-a-hole'), 1_000_000)
}

function makeAsRoot(): void {
  execFileSync('mknod', ['-m', '660', join(root, 'block'), 'b', '259', '70000'])
  execFileSync('mknod', ['-m', '666', join(root, 'null'), 'c', '1', '3'])
  execFileSync('chown', ['-h', '1234:4000000000', join(root, 'null'), join(root, 'fifo')])
  try {
    execFileSync('setfattr', ['-n', 'security.capability', '-v', CAPABILITY, join(root, 'plain')])
    execFileSync('setfattr', ['-n', 'user.binary', '-v', '0x000a3d0aff', root])
    hasXattrs = true
  } catch {
    hasXattrs = false // a file system without them
  }
}

function tar(name: string, ...flags: readonly string[]): string {
  const path = join(base, name)
  execFileSync('tar', ['--numeric-owner', ...flags, '-cf', path, '-C', root, '.'])
  return path
}

for (const format of GNU_FORMATS) {
  for (const sparse of format === 'pax' ? ['0.0', '0.1', '1.0', 'none'] : ['0.0', 'none']) {
    test(`TarTree shows what GNU tar --format=${format} with sparse ${sparse} packed, byte for byte`, async () => {
      const xattrs = format === 'pax' && hasXattrs
      const flags = sparse === 'none' ? [] : ['--sparse', `--sparse-version=${sparse}`]
      const path = tar(
        `${format}-${sparse}.tar`,
        `--format=${format}`,
        ...flags,
        ...(xattrs ? ['--xattrs', '--xattrs-include=*'] : []),
      )
      const tree = await openTarTree(path)
      const count = await assertSameTree(tree, new DirectoryTree(root), { wholeSeconds: format !== 'pax', xattrs })
      assert.ok(count > 12)
      const { size, usedBytes } = tree.attributes((await tree.lookup(tree.root, 'sparse')) ?? 0)
      assert.equal(size, 41_000_001)
      if (sparse !== 'none') assert.ok(usedBytes < 400_000, `${usedBytes} bytes stored`)
      await tree.close()
    })
  }
}

test('TarTree shows numbers that only base 256 holds', async () => {
  const path = tar('base256.tar', '--format=gnu', '--owner=x:4000000001', '--mtime=@-5')
  const tree = await openTarTree(path)
  const { uid, modified } = tree.attributes(tree.root)
  assert.deepEqual({ uid, seconds: modified.seconds }, { uid: 4_000_000_001, seconds: -5 })
  await tree.close()
})

test('TarTree shows what busybox tar packed', async () => {
  const path = join(base, 'busybox.tar')
  execFileSync('busybox', ['tar', '-cf', path, '-C', root, '.'])
  const tree = await openTarTree(path)
  assert.equal(tree.attributes((await tree.lookup(tree.root, 'plain')) ?? 0).size, 12_345)
  await tree.close()
})

test('archiveDirectory() gives the same bytes each time, which GNU tar unpacks to the same tree', async () => {
  const paths = [join(base, 'own1.tar'), join(base, 'own2.tar')] as const
  for (const path of paths) await pipeline(archiveDirectory(root), createWriteStream(path))
  execFileSync('cmp', paths)
  const copy = join(base, 'copy')
  mkdirSync(copy)
  execFileSync('tar', ['--xattrs', '--xattrs-include=*', '--same-permissions', '-xf', paths[0], '-C', copy])
  await assertSameTree(new DirectoryTree(copy), new DirectoryTree(root), { xattrs: hasXattrs })
  const tree = await openTarTree(paths[0])
  await assertSameTree(tree, new DirectoryTree(root), { xattrs: hasXattrs })
  const { usedBytes } = tree.attributes((await tree.lookup(tree.root, 'sparse')) ?? 0)
  assert.ok(usedBytes < 400_000)
  await tree.close()
})
