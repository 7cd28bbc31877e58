import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { RpcClient } from '../../src/protocols/rpc/client.ts'
import type { XdrReader } from '../../src/protocols/rpc/xdr-reader.ts'
import type { XdrWriter } from '../../src/protocols/rpc/xdr-writer.ts'
import { run } from '../../src/sys/run.ts'
import { serveNfs } from '../support/nfs-server.ts'

// A file system that makes every change wait, as a disk does that is busy: ext4, frozen by fsfreeze(8) of util-linux.

const ROOT = { flavor: 'sys', machineName: 'pc1', uid: 0, gid: 0, gids: [] } as const
const MOUNT = { program: 100_005, version: 3, procedure: 1 }
const PROCEDURE = { getAttributes: 1, setAttributes: 2, lookup: 3, write: 7, create: 8, makeDirectory: 9 } as const
const NAMES = { symlink: 10, remove: 12, removeDirectory: 13, rename: 14, link: 15, list: 17 } as const

let work: string
before(async () => void (work = await mkdtemp(join(tmpdir(), 'netroot-frozen-'))))
/** A frozen file system outlives its server, and holds it up for ever. */
let thaw = async (): Promise<unknown> => undefined
after(async () => {
  await thaw()
  await rm(work, { recursive: true, force: true })
})

/** The image, mounted where only the server sees it. */
const MOUNTED = `cd "$1"; truncate -s 32M image; mkdir root
  mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 image; mount -o loop image root; cd root
  touch old moved removed linked written; mkdir gone; shift; exec "$@"`

test('a file system that makes changes wait makes nothing else wait', { timeout: 60_000 }, async () => {
  const inside = ['unshare', '-m', 'sh', '-ec', MOUNTED, 'sh', work]
  const root = join(work, 'root')
  await using server = await serveNfs([`root=${root},rw,no_root_squash,client=127.0.0.1`], 0, inside)
  await using client = await RpcClient.connect({ host: '127.0.0.1', port: server.port, credential: ROOT })
  const call = (procedure: number, args: (w: XdrWriter) => unknown): Promise<XdrReader> =>
    client.call({ program: 100_003, version: 3, procedure }, args)
  const mounted = await client.call(MOUNT, (w) => w.string('/root'))
  assert.equal(mounted.u32('status'), 0)
  const top = Buffer.from(mounted.opaque(64, 'handle'))
  const handleOf = async (name: string): Promise<Buffer> => {
    const found = await call(PROCEDURE.lookup, (w) => w.opaque(top).string(name))
    assert.equal(found.u32('status'), 0, name)
    return Buffer.from(found.opaque(64, 'handle'))
  }
  const [old, linked, written] = [await handleOf('old'), await handleOf('linked'), await handleOf('written')]
  const usual = (w: XdrWriter): unknown => w.u32(1).u32(0o644).u32(0).u32(0).u32(0).u32(0).u32(0)

  const freeze = (how: '-f' | '-u'): Promise<Buffer> =>
    run('nsenter', ['-t', String(server.child.pid), '-m', 'fsfreeze', how, root])
  thaw = () => freeze('-u').catch(() => undefined)
  await freeze('-f')
  const answered: string[] = []
  const changes = Object.entries({
    CREATE: call(PROCEDURE.create, (w) => usual(w.opaque(top).string('new').u32(0))),
    MKDIR: call(PROCEDURE.makeDirectory, (w) => usual(w.opaque(top).string('directory'))),
    SYMLINK: call(NAMES.symlink, (w) => [usual(w.opaque(top).string('symlink')), w.string('old')]),
    REMOVE: call(NAMES.remove, (w) => w.opaque(top).string('removed')),
    RMDIR: call(NAMES.removeDirectory, (w) => w.opaque(top).string('gone')),
    RENAME: call(NAMES.rename, (w) => w.opaque(top).string('moved').opaque(top).string('moved-away')),
    LINK: call(NAMES.link, (w) => w.opaque(linked).opaque(top).string('link')),
    SETATTR: call(PROCEDURE.setAttributes, (w) => w.opaque(old).u32(1).u32(0o600).fixed(new Uint8Array(24))),
    WRITE: call(PROCEDURE.write, (w) => w.opaque(written).u64(0).u32(4).u32(2).opaque(Buffer.from('late'))),
  }).map(async ([name, reply]) => {
    const status = (await reply).u32('status')
    answered.push(`${name} ${status}`)
  })
  try {
    // Asked later on the same connection, answered while all of them wait.
    assert.equal((await call(PROCEDURE.getAttributes, (w) => w.opaque(old))).u32('status'), 0)
    await handleOf('linked')
    const listed = await call(NAMES.list, (w) => w.opaque(top).u64(0).u64(0).u32(4096).u32(4096))
    assert.equal(listed.u32('status'), 0)
    assert.deepEqual(answered, [])
  } finally {
    await thaw()
  }
  await Promise.all(changes)
  const names = ['CREATE', 'LINK', 'MKDIR', 'REMOVE', 'RENAME', 'RMDIR', 'SETATTR', 'SYMLINK', 'WRITE']
  assert.deepEqual(
    answered.toSorted((one, other) => (one < other ? -1 : 1)),
    names.map((name) => `${name} 0`),
  )
})
