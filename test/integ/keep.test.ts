import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { importStream } from '../../src/image/import.ts'
import { Keeps } from '../../src/image/keeps.ts'
import { specimenTar } from '../../src/image/specimen.ts'
import { ReleaseStore } from '../../src/image/store.ts'
import { OverlayTree } from '../../src/storage/overlay-tree.ts'
import { NfsServer } from '../../src/protocols/nfs/server.ts'
import { KeepExports, joinExports } from '../../src/server/keep-exports.ts'
import { Releases } from '../../src/server/releases.ts'
import { silent } from '../../src/sys/log.ts'
import { run } from '../../src/sys/run.ts'
import { NETROOT } from '../support/netroot.ts'

/* What `netroot keep` says and does of a machine that has changed something of its root. */

const MAC = '52:54:00:00:00:07'
let directory: string
let store: ReleaseStore
let keeps: Keeps
let first: string

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'netroot-keep-'))
  store = await ReleaseStore.open(directory)
  keeps = new Keeps(directory)
  first = await release(specimenTar())
  await keeps.note(MAC, { name: 'pc7', boot: 'aaaaaa', uuid: '6f1c0000-0000-0000-0000-000000000001' })
  await change()
})
after(() => rm(directory, { recursive: true, force: true }))

/** Imports an archive as the newest release of the image `specimen`. */
async function release(tar: Uint8Array): Promise<string> {
  const bytes = (async function* () {
    yield tar
  })()
  return (await importStream(store, 'specimen', { bytes, name: 'a specimen' })).info.digest
}

async function change(): Promise<void> {
  await using opened = await store.openRelease(first)
  await using tree = await OverlayTree.open(opened.tree, first, keeps.directoryOf(MAC))
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, mode: 0o644 }
  await tree.createFile(tree.root, 'mi\x1bne', owner, { kind: 'unchecked' })
  await writeFile(join(keeps.directoryOf(MAC), 'upper/large'), Buffer.alloc(100_000, 1))
}

function keep(...words: readonly string[]): { status: number | null; output: string; error: string } {
  const { status, stdout, stderr } = spawnSync(NETROOT, ['keep', ...words, '--store', directory], { encoding: 'utf8' })
  return { status, output: stdout, error: stderr }
}

test('netroot keep list and show tell what a machine keeps, and its names do no harm to a terminal', () => {
  const list = keep('list')
  assert.match(list.output, new RegExp(`^pc7 +${MAC} +${first.slice(0, 12)} +1\\d\\d\\.\\d kB +2 +0$`, 'm'))
  const [row] = JSON.parse(keep('list', '--json').output) as { name: string; changed: number }[]
  assert.deepEqual([row?.name, row?.changed], ['pc7', 2])
  const show = keep('show', MAC)
  assert.match(show.output, /^pc7 \(52:54:00:00:00:07\) keeps 1\d\d\.\d kB in .*\nabove release [0-9a-f]{64}\n/)
  assert.match(show.output, /^\+ \/large$/m)
  assert.ok(!show.output.includes('\x1b'), show.output)
  const none = keep('show', 'pc8')
  assert.equal(none.status, 1)
  assert.match(none.error, /No machine "pc8" keeps changes in .*; there are: pc7 \(52:54:00:00:00:07\)/)
})

test('netroot image rm does not remove a release that a machine needs', () => {
  const { status, stderr } = spawnSync(NETROOT, ['image', 'rm', 'specimen', '--store', directory], { encoding: 'utf8' })
  assert.equal(status, 1)
  assert.match(stderr, /what pc7 keeps \(netroot keep move or reset\) uses it/)
})

test('netroot keep move goes to the newest release of the image', async () => {
  assert.match(keep('move', 'pc7', '--dry-run').output, /pc7 would be moved; nothing was changed on both sides/)
  const newer = await release(Buffer.concat([specimenTar(), Buffer.alloc(10_240)]))
  assert.notEqual(newer, first)
  assert.match(keep('move', 'pc7').output, /^pc7 is moved; nothing was changed on both sides/)
  assert.equal((await keeps.resolve('pc7')).release, newer)
})

test('netroot keep give and reset: another machine has it, then nobody', async () => {
  assert.equal(keep('give', 'pc7').status, 0)
  assert.equal((await keeps.resolve('pc7')).owner.uuid, undefined)
  const asked = keep('reset', 'pc7')
  assert.equal(asked.status, 2)
  assert.match(asked.error, /without --yes/)
  assert.match(keep('reset', 'pc7', '--yes').output, /^Removed what pc7 kept$/m)
  assert.match(keep('list').output, /^No machine keeps anything in/)
})

test('a client of NFSv4 walks to the root of its boot and writes there; another address sees nothing of it', async () => {
  await using releases = new Releases(store)
  const boot = { id: 'cccccc', machine: { mac: MAC }, name: 'pc7', phase: 'loader', beganAt: 0, lastAt: 0 } as const
  await writeFile(join(directory, 'source'), 'written by a client')
  for (const address of ['127.0.0.1', '127.0.0.2']) {
    await using own = new KeepExports({ keeps, releases, addressOf: () => address, log: silent })
    const exports = joinExports(releases.exports, own.exports)
    await using server = await NfsServer.listen({ exports, host: '127.0.0.1', port: 0 })
    const path = await own.offer(boot, 'pc7', first)
    const url = (file: string, from = path) => `nfs://127.0.0.1${from}${file}?version=4&nfsport=${server.port}`
    const copying = run('nfs-cp', [join(directory, 'source'), url('/copied')])
    if (address !== '127.0.0.1') await assert.rejects(copying, /ACCESS|denied/)
    else {
      await copying
      assert.equal(await readFile(join(keeps.directoryOf(MAC), 'upper/copied'), 'utf8'), 'written by a client')
      assert.match((await run('nfs-ls', [url('')])).toString(), / copied$/m)
    }
    await assert.rejects(run('nfs-ls', [url('', path.replace('cccccc', 'bbbbbb'))]), /NOENT/)
  }
})

test('what a machine keeps on a full file system stays whole, can be opened, and has room again when it frees some', {
  skip: process.getuid?.() !== 0,
}, async () => {
  const script = fileURLToPath(new URL('../support/on-full-disk.ts', import.meta.url))
  const small = await mkdtemp(join(tmpdir(), 'netroot-small-'))
  try {
    // in a mount namespace of its own: this host sees nothing of it
    const mounted = 'mount -t tmpfs -o size=2m small "$0" && exec "$@"'
    await run('unshare', ['--mount', 'sh', '-c', mounted, small, process.execPath, script, small])
  } finally {
    await rm(small, { recursive: true })
  }
})
