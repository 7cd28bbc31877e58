import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { dropIn } from '../../src/exports/drop-in.ts'
import { ganeshaExport } from '../../src/exports/nfs.ts'
import type { Lab } from '../../src/lab/lab.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { debianRelease } from '../support/debian.ts'
import { bootDirectly, tells } from '../vm/direct.ts'
import { serveDebian, Session, showWhatFailed } from '../vm/served.ts'
import { startNfsdMachine } from './nfsd-machine.ts'

/* `nfs:` of netroot.yaml: the same machine boots from each of the three servers, which netroot sets up. */

let served: ServedLab | undefined
showWhatFailed(() => served)
afterEach(async () => {
  await served?.[Symbol.asyncDispose]()
  served = undefined
})

/** What a machine that has booted says of its root, whoever serves it. */
async function bootsToLogin(lab: ServedLab, url: RegExp, words = ''): Promise<void> {
  await using pc = await bootDirectly(lab, { name: 'pc', memoryMiB: 1024, cpus: 2, words })
  assert.match((await tells(lab, pc, 'report.root')).url, url)
  const session = await Session.login(pc)
  assert.equal(await session.run('findmnt -no FSTYPE /'), 'overlay')
  assert.equal(await session.run('stat -c %U:%a /usr/bin/passwd'), 'root:4755')
  assert.equal(await session.run('stat -c %U:%G:%a /etc/shadow; grep -o ^root: /etc/shadow'), 'root:shadow:640\nroot:')
  assert.equal(await session.run('find / -xdev -user nobody -print -quit; echo none'), 'none')
  assert.equal(await session.run('systemctl is-system-running --wait'), 'running')
  assert.equal(await session.run('touch /etc/written && rm /etc/written && echo gone'), 'gone')
}

test("a machine boots to its login with the root of netroot's own server", { timeout: 400_000 }, async () => {
  served = await serveDebian({ config: 'nfs: embedded' })
  const { digest } = await debianRelease()
  await bootsToLogin(served, new RegExp(`^nfs://10\\.77\\.0\\.1:2049/release/${digest}\\?vers=4\\.2`))
})

/** With the settings that netroot writes for it, and nothing exported yet. */
async function startGanesha(lab: Lab): Promise<void> {
  await lab.run('mount', ['-t', 'tmpfs', 'tmpfs', '/run']) // rpcbind and ganesha keep files there
  const [main, log] = [join(lab.directory, 'ganesha.conf'), join(lab.directory, 'ganesha.log')]
  const nothing = dropIn(ganeshaExport({ releases: [], networks: [], port: 2049 }), 'netroot.yaml')
  await lab.run('sh', ['-c', 'mkdir /run/ganesha; cat > /run/netroot.conf'], { input: nothing })
  await writeFile(main, '%include "/run/netroot.conf"\n')
  await lab.run('rpcbind', ['-w'])
  lab.spawn('ganesha.nfsd', ['-F', '-L', log, '-f', main, '-p', '/run/ganesha.pid'])
  const wait = `for i in $(seq 60); do grep -q 'SERVER INITIALIZED' ${log} && exit; sleep 0.5; done; cat ${log}; exit 1`
  await lab.run('sh', ['-c', wait])
}

test('a machine boots to its login with the root of nfs-ganesha', { timeout: 400_000 }, async () => {
  const { digest } = await debianRelease()
  served = await serveDebian({
    config: 'nfs: { server: ganesha, file: /run/netroot.conf, reload: pkill -HUP -F /run/ganesha.pid }',
    prepare: startGanesha,
  })
  await bootsToLogin(served, new RegExp(`^nfs://10\\.77\\.0\\.1/release/${digest}\\?vers=4\\.1`))
})

test("a machine boots to its login with the root of the kernel's nfsd, in a server machine", {
  timeout: 500_000,
}, async (t) => {
  const { digest } = await debianRelease()
  const lab = (served = await serveDebian({
    config: 'nfs: { server: kernel, address: 10.77.0.2, directory: /srv/netroot, file: /srv/netroot.exports }',
    prepare: async (inside) => {
      await mkdir(join(inside.directory, 'srv'))
      await inside.run('mount', ['--bind', join(inside.directory, 'srv'), '/srv'])
    },
  }))
  assert.match(lab.serverOutput, /\/srv\/netroot\.exports written, for the kernel's nfsd: one release/)
  assert.match(lab.serverOutput, /does not answer on 10\.77\.0\.2:2049.*\(nfs: reload: none leaves that to you\)/)

  const server = await startNfsdMachine(lab.lab, { address: '10.77.0.2/24', srv: join(lab.lab.directory, 'srv') })
  await server.run('mkdir -p /etc/exports.d && cp /srv/netroot.exports /etc/exports.d')
  await server.run('systemctl start nfs-server && exportfs -ra')
  t.diagnostic(await server.run('exportfs -v'))
  await lab.stop()
  await lab.start()
  assert.equal(lab.serverOutput, '', 'it has asked nfsd, which has the release, and the file is what it should be')

  const url = `nfs://10\\.77\\.0\\.2/srv/netroot/${digest}`
  await bootsToLogin(lab, new RegExp(`^${url}\\?vers=4\\.2`))
  const words = `root=nfs://10.77.0.2/srv/netroot/${digest}?vers=3`
  await using pc = await bootDirectly(lab, { name: 'three', words })
  assert.match((await tells(lab, pc, 'report.switch')).init, /init/)
})
