import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { nfsRootUrl } from '../boot/nfs-root.ts'
import type { OtherNfs as Settings } from '../config/nfs.ts'
import { importStream } from '../image/import.ts'
import { specimenTar } from '../image/specimen.ts'
import type { ReleaseStore } from '../image/store.ts'
import { NfsServer } from '../protocols/nfs/server.ts'
import { type Logger, silent } from '../sys/log.ts'
import { readNfsNote } from './nfs-drop-in.ts'
import { OtherNfs } from './other-nfs.ts'
import { Releases } from './releases.ts'
import { specimenStore, temporaryDirectory } from './testing.ts'

const asRoot = { skip: process.getuid?.() === 0 ? false : 'only root can make owners' }

/** A server of NFS at a port of its own, which has all releases of a store as ganesha would. */
async function setUp(t: TestContext, settings: Partial<Settings> = {}) {
  const { store, digest } = await specimenStore(t)
  const stateDirectory = await temporaryDirectory(t)
  const releases = new Releases(store)
  const { exports } = releases
  const server = await NfsServer.listen({ host: '127.0.0.1', port: 0, exports, log: silent })
  t.after(async () => {
    await server.close()
    await releases[Symbol.asyncDispose]()
  })
  const file = join(stateDirectory, 'netroot.conf')
  const nfs: Settings = { server: 'ganesha', port: server.port, file, reload: ['true'], ...settings }
  const told: string[] = []
  const warn = (message: string): void => void told.push(`warning: ${message}`)
  const log: Logger = { ...silent, warn, child: () => log }
  const make = () =>
    new OtherNfs({
      nfs,
      configFile: 'netroot.yaml',
      store,
      stateDirectory,
      networks: ['127.0.0.0/8'],
      address: '127.0.0.1',
      hold: (one) => releases.get(one),
      log,
      say: (text) => void told.push(text),
    })
  return { store, digest, stateDirectory, file, told, make, server, releases }
}

async function importOther(store: ReleaseStore): Promise<string> {
  const bytes = (async function* () {
    yield specimenTar({ './etc/motd': 'another' })
  })()
  return (await importStream(store, 'specimen', { bytes, name: 'another' })).info.digest
}

test('OtherNfs unpacks a release, exports it and says where it is', asRoot, async (t) => {
  const { store, digest, file, told, make, server, stateDirectory } = await setUp(t)
  const other = make()
  const roots = await other.rootsOf(digest, '10.0.0.1')
  assert.deepEqual(roots.map(nfsRootUrl), [`nfs://10.0.0.1:${server.port}/release/${digest}?vers=4.1/4.0`])
  const text = await readFile(file, 'utf8')
  assert.match(text, new RegExp(`Path = "${store.directory}/cache/${digest}/tree";`))
  assert.deepEqual(told, [`${file} written, for nfs-ganesha: one release`, 'true run'])
  await other.rootsOf(digest, '10.0.0.1')
  await make().ensure([digest])
  assert.equal(told.length, 2, 'the file is what it should be')
  assert.deepEqual((await readNfsNote(stateDirectory))?.releases, [digest])
})

test(
  'OtherNfs exports what machines may still run on beside what they boot now, until the release goes',
  asRoot,
  async (t) => {
    const directory = join(await temporaryDirectory(t), 'srv')
    const { store, digest, file, make, releases } = await setUp(t, { directory })
    const other = make()
    await other.ensure([digest])
    const newer = await importOther(store)
    await other.ensure([newer])
    await assert.rejects(store.remove(`specimen@${digest}`), /uses it; stop that first/)
    const text = await readFile(file, 'utf8')
    assert.match(text, new RegExp(digest))
    assert.match(text, new RegExp(newer))
    await releases[Symbol.asyncDispose]() // it has them open
    await store.remove(`specimen@${digest}`)
    await make().ensure([newer])
    assert.doesNotMatch(await readFile(file, 'utf8'), new RegExp(digest))
    await assert.rejects(stat(join(directory, digest)), { code: 'ENOENT' })
    assert.ok(await stat(join(directory, newer)))
  },
)

test(
  'OtherNfs says what to type where the server does not run, its command is missing or it lacks a release',
  asRoot,
  async (t) => {
    const { digest, make, server } = await setUp(t)
    await server.close()
    await assert.rejects(
      make().ensure([digest]),
      /nfs-ganesha does not answer on 127\.0\.0\.1:\d+; start it: systemctl/,
    )
    const missing = await setUp(t, { reload: ['no-such-program'] })
    await assert.rejects(
      missing.make().ensure([missing.digest]),
      /Cannot run "no-such-program" for nfs: ganesha; install it: apt-get install nfs-ganesha/,
    )
  },
)

test('OtherNfs leaves it to a person to reload a server, and goes on', asRoot, async (t) => {
  const { digest, make, server, told } = await setUp(t, { reload: [] })
  await server.close()
  await make().ensure([digest])
  assert.match(told.at(-1) ?? '', /^warning: nfs-ganesha does not answer .*\(nfs: reload: none leaves that to you\)$/)
})
