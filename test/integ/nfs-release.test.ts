import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { type Hash, createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { run } from '../../src/sys/run.ts'
import { debianRelease } from '../support/debian.ts'
import { type NfsProcess, nfsUrl, serveNfs } from '../support/nfs-server.ts'
import { type TarLine, tarListing } from '../support/tar-listing.ts'

// A whole Debian, straight from its tar, through libnfs; GNU tar says what must be in it.

let server: NfsProcess
let tar: string
let listing: TarLine[]
let work: string

before(async () => {
  const { store, digest } = await debianRelease()
  await using release = await store.openRelease(digest)
  tar = release.tar
  listing = await tarListing(tar)
  server = await serveNfs([`release=${tar}`])
  work = await mkdtemp(join(tmpdir(), 'netroot-nfs-'))
})
after(async () => {
  await server[Symbol.asyncDispose]()
  await rm(work, { recursive: true, force: true })
})

test('nfs-ls lists every name of a Debian release with its type, mode, owner and size', async () => {
  const output = (await run('nfs-ls', ['-R', nfsUrl(server.port, '/release')])).toString()
  const found = new Map(output.trimEnd().split('\n').map(parseLsLine))
  assert.deepEqual(
    listing.filter(({ name }) => !found.has(name)).map(({ name }) => name),
    [],
  )
  assert.equal(found.size, new Set(listing.map(({ name }) => name)).size)
  for (const line of listing) assert.deepEqual(found.get(line.name), wantedOf(line), line.name)
})

/** `-rw-r--r--  1     0     0         2883 usr/share/x`, as far as nfs-ls and tar tell the same */
function parseLsLine(line: string): [name: string, seen: unknown] {
  const [, mode = '', uid, gid, size, name = ''] = /^(\S+) +\d+ +(\d+) +(\d+) +(\d+) (.*)$/.exec(line) ?? []
  return [name, seenAs(mode, `${uid}/${gid}`, Number(size))]
}
function wantedOf(line: TarLine): unknown {
  const first = line.mode.startsWith('h') ? lineOf(line.linkTo) : line
  // nfs-ls knows no set-id and no sticky bit.
  return seenAs(first.mode.replaceAll(/[st]/g, 'x').replaceAll(/[ST]/g, '-'), first.owner, first.size)
}
function seenAs(mode: string, owner: string, size: number): unknown {
  const isFile = mode.startsWith('-')
  const type = /^[dl]/.test(mode) ? mode.slice(0, 1) : '-' // a device is `-` to nfs-ls
  return { mode: type + mode.slice(1), owner, size: isFile && size > 0 ? size : 0 }
}
function lineOf(name: string): TarLine {
  return listing.find((line) => line.name === name) ?? assert.fail(name)
}

test('nfs-cat gives every byte of every file of a Debian release', async () => {
  const files = listing.filter(({ mode, name }) => mode.startsWith('-') && !/[?#%]/.test(name))
  assert.ok(files.length > 5000, `${files.length} files`)
  const wanted = await hashesOf(spawn('tar', ['-xOf', tar]).stdout, files)
  const middle = Math.floor(files.length / 2)
  const halves = [files.slice(0, middle), files.slice(middle)]
  const found = (await Promise.all(halves.map(hashesOverNfs))).flat()
  files.forEach(({ name }, at) => assert.equal(found[at], wanted[at], name))
  assert.equal(found.length, wanted.length)
})

/** One nfs-cat after the other. */
async function hashesOverNfs(files: readonly TarLine[]): Promise<string[]> {
  const cat = spawn('xargs', ['-d', '\n', '-n', '1', 'nfs-cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const closed = once(cat, 'close')
  cat.stdin.end(files.map(({ name }) => nfsUrl(server.port, `/release/${name}`)).join('\n'))
  const hashes = await hashesOf(cat.stdout, files)
  assert.deepEqual(await closed, [0, null], 'every nfs-cat ended well')
  return hashes
}

/** The SHA-256 of each file, from a stream of all of them. */
async function hashesOf(stream: Readable, files: readonly TarLine[]): Promise<string[]> {
  const hashes: string[] = []
  let hash: Hash = createHash('sha256')
  let left = files[0]?.size ?? 0
  const next = (): void => {
    hashes.push(hash.digest('hex'))
    hash = createHash('sha256')
    left = files[hashes.length]?.size ?? Infinity
  }
  for await (const chunk of stream) {
    let bytes = chunk as Buffer
    while (bytes.byteLength >= left) {
      hash.update(bytes.subarray(0, left))
      bytes = bytes.subarray(left)
      next()
    }
    hash.update(bytes)
    left -= bytes.byteLength
  }
  while (hashes.length < files.length) next() // empty files at the end, or what did not come
  return hashes
}

test('nfs-cp copies the largest file of a Debian release', async () => {
  const largest = listing.toSorted((a, b) => b.size - a.size)[0] ?? assert.fail()
  const copy = join(work, 'copy')
  await run('nfs-cp', [nfsUrl(server.port, `/release/${largest.name}`), copy])
  const [wanted] = await hashesOf(spawn('tar', ['-xOf', tar, `./${largest.name}`]).stdout, [largest])
  assert.equal(
    createHash('sha256')
      .update(await readFile(copy))
      .digest('hex'),
    wanted,
  )
})
