import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { dropIn } from '../../src/exports/drop-in.ts'
import { ganeshaExport } from '../../src/exports/nfs.ts'
import { unpackRelease } from '../../src/image/unpack.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { debianRelease } from '../support/debian.ts'
import { bootDirectly, tells } from '../vm/direct.ts'
import { serveDebian, Session, showWhatFailed } from '../vm/served.ts'

/* The root comes from nfs-ganesha, with the configuration that netroot writes for it. */

const PORT = 2050 // netroot's own server has 2049
let served: ServedLab
let digest: string

before(async () => {
  const debian = await debianRelease()
  digest = debian.digest
  const releases = [{ digest, directory: await unpackRelease(debian.store, digest) }]
  served = await serveDebian()
  const { lab } = served
  const text = dropIn(ganeshaExport({ releases, networks: ['10.77.0.0/24'], port: PORT }), 'netroot.yaml')
  const file = join(lab.directory, 'ganesha.conf')
  await writeFile(file, text)
  const log = join(lab.directory, 'ganesha.log')
  // rpcbind and ganesha keep files in /run: theirs is not that of this host
  const both =
    'mount -t tmpfs tmpfs /run; mkdir /run/ganesha; rpcbind -w -f & exec ganesha.nfsd -F -L "$0" -f "$1" -p "$2"'
  lab.spawn('unshare', ['-m', 'sh', '-c', both, log, file, join(lab.directory, 'ganesha.pid')])
  await lab.run('sh', [
    '-c',
    `for i in $(seq 60); do grep -q 'SERVER INITIALIZED' ${log} && exit; sleep 0.5; done; cat ${log}; exit 1`,
  ])
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

test('a machine boots to its login with the root of nfs-ganesha, by NFSv4.1', { timeout: 400_000 }, async () => {
  const root = `root=nfs://10.77.0.1:${PORT}/release/${digest}?vers=4.1`
  await using pc = await bootDirectly(served, { name: 'ganesha', words: root, memoryMiB: 1024, cpus: 2 })
  assert.match((await tells(served, pc, 'report.root')).url, /:2050\//)
  const session = await Session.login(pc)
  assert.equal(await session.run('findmnt -no FSTYPE /'), 'overlay')
  assert.equal(await session.run('stat -c %U:%a /usr/bin/passwd'), 'root:4755')
})

test('where ganesha gives no content by NFSv4.2, the machine takes 4.1, and says so', {
  timeout: 400_000,
}, async () => {
  const root = `root=nfs://10.77.0.1:${PORT}/release/${digest}?vers=4.2/4.1/3`
  await using pc = await bootDirectly(served, { name: 'reads', words: root, memoryMiB: 1024, cpus: 2 })
  const told = await tells(served, pc, 'report.root')
  // Later versions of ganesha than that of Debian 12 may have learned to answer READ_PLUS.
  const { stdout } = await served.lab.run('ganesha.nfsd', ['-v'])
  if (/Release = V4/.test(stdout)) assert.match(told.url, /\?vers=4\.1$/)
  const session = await Session.login(pc)
  assert.match(await session.run('head -c 4 /etc/passwd'), /^root/)
})
