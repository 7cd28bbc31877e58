import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { run } from '../../src/sys/run.ts'
import { RemoteTree3, RemoteTree4 } from '../support/nfs-remote.ts'
import { serveNfs } from '../support/nfs-server.ts'

/* A directory on a Btrfs with a quota, in a mount namespace of the server's own: what is written beyond it is told as such. */

const MIB = 1024 * 1024
let work: string
before(async () => {
  work = await mkdtemp(join(tmpdir(), 'netroot-nfs-quota-'))
  await mkdir(join(work, 'disk'))
  await writeFile(join(work, 'image'), '')
  await truncate(join(work, 'image'), 128 * MIB)
  await run('mkfs.btrfs', ['-q', '--mixed', join(work, 'image')])
})
after(() => rm(work, { recursive: true, force: true }))

const IN_NAMESPACE = `
  cd "$0" && mount -o loop image disk && btrfs quota enable disk && btrfs subvolume create disk/home >/dev/null &&
  btrfs qgroup limit 4M disk/home && sync && exec "$@"
`
const OWNER = { mode: 0o644, uid: 0, gid: 0 }
const OVER_QUOTA = 69 // NFS3ERR_DQUOT, NFS4ERR_DQUOT

test('a quota that is used up is told to the client, by either version, and files can be removed', {
  skip: process.getuid?.() !== 0 && 'it needs root, for a loop device',
}, async () => {
  const exports = [`home=${join(work, 'disk/home')},rw,no_root_squash,client=127.0.0.1`]
  await using server = await serveNfs(exports, 0, ['unshare', '-m', 'sh', '-c', IN_NAMESPACE, work])
  await using three = await RemoteTree3.mount(server.port, '/home')
  await using four = await RemoteTree4.mount(server.port, 2, '/home')
  const bytes = Buffer.alloc(MIB / 2, 1)
  for (const tree of [three, four]) {
    const fill = async (): Promise<void> => {
      const { node } = await tree.createFile(tree.root, 'file', OWNER)
      for (let at = 0; at < 64; at += 1) await tree.open(node).write(bytes, at * bytes.byteLength)
    }
    await assert.rejects(fill, new RegExp(`NFS status ${OVER_QUOTA}`))
    if ((await tree.lookup(tree.root, 'file')) !== undefined) await tree.unlink(tree.root, 'file')
  }
})
