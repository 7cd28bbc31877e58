import assert from 'node:assert/strict'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { importStream } from '../../src/image/import.ts'
import { ReleaseStore } from '../../src/image/store.ts'
import type { LabProcess } from '../../src/lab/lab-process.ts'
import { CONFIG, type Machine, NAMED, preparedStore, SERVER, specimenArchive, UpNetwork } from './up-network.ts'

/* The real exportfs and the real ganesha, told what to export by netroot up. */

const asRoot = { timeout: 120_000, skip: process.getuid?.() === 0 ? false : 'only root can make owners' }
const EXPORTS = '/etc/exports.d/netroot.exports'

/** A host of its own: /etc and /var/lib/nfs of this one stay as they are. The store is a copy, trees are unpacked in it. */
async function makeHost(t: TestContext): Promise<{ net: UpNetwork; store: string; digest: string }> {
  const net = await UpNetwork.make(t)
  const [upper, work, store] = ['etc', 'work', 'store'].map((name) => join(net.directory, name))
  for (const path of [upper, work]) await mkdir(path ?? '')
  await net.run('mount', ['-t', 'overlay', 'o', '-o', `lowerdir=/etc,upperdir=${upper},workdir=${work}`, '/etc'])
  await net.run('mount', ['-t', 'tmpfs', 'tmpfs', '/var/lib/nfs'])
  const { directory, digest } = await preparedStore()
  await cp(directory, store ?? '', { recursive: true, preserveTimestamps: true })
  return { net, store: store ?? '', digest }
}

const exported = async (net: UpNetwork): Promise<string> => (await net.run('/usr/sbin/exportfs', ['-v'])).stdout

test(
  'netroot up exports by the real exportfs, says that nfsd does not run, and takes it back [HT20]',
  asRoot,
  async (t) => {
    const { net, store, digest } = await makeHost(t)
    const kernel = await net.upFails({ config: `${CONFIG}nfs: kernel\n`, store })
    assert.equal(kernel.status, 1)
    assert.match(kernel.stderr, new RegExp(`netroot: ${EXPORTS} written, for the kernel's nfsd: one release\\n`))
    assert.match(kernel.stderr, /netroot: exportfs -ra run\n/)
    assert.match(
      kernel.stderr,
      /the kernel's nfsd does not answer on 10\.7\.0\.1:2049; start it: systemctl enable --now nfs-server: connect ECONNREFUSED/,
    )
    assert.match(
      await exported(net),
      new RegExp(`${store}/cache/${digest}/tree\\s+10\\.7\\.0\\.0/24\\(.*,ro,.*no_root_squash`),
    )

    const server = await net.up({ store })
    assert.match(server.stderr.text, new RegExp(`${EXPORTS} removed: nfs: in netroot\\.yaml names that server no more`))
    assert.equal(await exported(net), '')
    await writeFile(net.configFile, `${CONFIG}nfs: kernel\n`)
    await server.stderr.waitFor(/netroot\.yaml:13:1: nfs: is read at the start only; start netroot up again for it/, {
      timeoutMs: 30_000,
    })
  },
)

test('netroot up does not touch exports that somebody else wrote, nor run without root', asRoot, async (t) => {
  const { net, store } = await makeHost(t)
  await net.run('mkdir', ['/etc/exports.d'])
  await net.run('sh', ['-c', `echo '/srv *(ro,no_subtree_check)' > ${EXPORTS}`])
  const config = `${CONFIG}nfs: kernel\n`
  const { status, stderr } = await net.upFails({ config, store })
  assert.equal(status, 1)
  assert.match(stderr, /Cannot write \/etc\/exports\.d\/netroot\.exports: it was not made by netroot; look at it/)
  assert.equal((await net.run('cat', [EXPORTS])).stdout, '/srv *(ro,no_subtree_check)\n')
  await net.run('chmod', ['-R', 'a+rwX', net.directory])
  const prefix = ['setpriv', '--reuid', '1', '--clear-groups', '--ambient-caps', '+net_bind_service,+net_raw']
  const user = await net.upFails({ config, store, prefix: [...prefix, '--inh-caps', '+net_bind_service,+net_raw'] })
  assert.match(user.stderr, /nfs: kernel and nfs: ganesha need root, who alone can give unpacked files their owners/)
  assert.equal(user.status, 77)
})

/** Starts ganesha as Debian does, whose configuration includes the file that netroot writes. */
async function startGanesha(net: UpNetwork): Promise<LabProcess> {
  const [log, main, pid] = ['ganesha.log', 'ganesha.conf', 'ganesha.pid'].map((name) => join(net.directory, name))
  await writeFile(main ?? '', `%include "${join(net.directory, 'netroot.conf')}"\n`)
  await net.run('sh', ['-c', `mkdir -p /run/ganesha; rm -f ${log}; rpcinfo > /run/rpcinfo 2>&1 || rpcbind -w`])
  const process = net.spawn('ganesha.nfsd', ['-F', '-L', log ?? '', '-f', main ?? '', '-p', pid ?? ''])
  const wait = `for i in $(seq 60); do grep -q 'SERVER INITIALIZED' ${log} && exit; sleep 0.5; done; cat ${log}; exit 1`
  await net.run('sh', ['-c', wait])
  return process
}

/** The URL of the root that the machine's boot plan names, and a file of it. */
async function readRoot(machine: Machine, path: string): Promise<{ url: string; text: string }> {
  const script = (await machine.get(`/ipxe?mac=${machine.mac}`)).toString()
  const client = /^initrd --name client\.cpio (\S+)/m.exec(script)?.[1] ?? assert.fail(script)
  const url = /NETROOT_ROOTS='([^' ]+)'/.exec((await machine.get(client)).toString('latin1'))?.[1] ?? ''
  return { url, text: await read(machine, url, path) }
}

/** By version 3, whose MOUNT takes the same path, and which knows no grace period. */
async function read(machine: Machine, url: string, path: string): Promise<string> {
  return (await machine.run('nfs-cat', [`${url.replace(/\?.*/, '')}/${path}?version=3&uid=0&gid=0`])).stdout
}

test(
  'netroot up has the real ganesha read what it exports: at the start, and when an image gets a new release [HT22]',
  asRoot,
  async (t) => {
    const { net, store, digest } = await makeHost(t)
    const file = join(net.directory, 'netroot.conf')
    await writeFile(file, '') // to be included
    const reload = `pkill -HUP -F ${join(net.directory, 'ganesha.pid')}`
    const config = `${CONFIG}nfs: { server: ganesha, file: ${file}, reload: "${reload}" }\n`
    const first = await startGanesha(net)
    const { stderr } = await net.upFails({ config, store })
    assert.match(
      stderr,
      /tells owners by name.*; restart it once, it reads the settings for all exports at its start only/,
    )
    await first.stop()
    await startGanesha(net)
    const server = await net.up({ config, store })
    assert.deepEqual(
      (await net.listening()).filter((one) => one.endsWith(':2049') && one.includes(SERVER)),
      [],
    )
    const machine = await net.machine('named', NAMED.mac)
    assert.equal((await machine.dhcp('request', (await machine.dhcp('discover'))?.address))?.type, 'ack')
    await machine.takeAddress(NAMED.address)
    const old = await readRoot(machine, 'usr/lib/os-release')
    assert.equal(old.url, `nfs://${SERVER}/release/${digest}?vers=4.1/4.0/3`)
    assert.match(old.text, /NAME/)

    const newer = await importRelease(store, specimenArchive({ './etc/motd': 'newer' }))
    const { url, text } = await readRoot(machine, 'etc/motd')
    assert.equal(url, `nfs://${SERVER}/release/${newer}?vers=4.1/4.0/3`)
    assert.equal(text, 'newer')
    await server.stderr.waitFor(/netroot\.conf written, for nfs-ganesha: 2 releases/)
    assert.match(await read(machine, old.url, 'usr/lib/os-release'), /NAME/, 'machines may still run on it')

    await server.stop()
    await net.up({ store, args: [], config: `${CONFIG}ports: { nfs: 2050 }\n` })
    assert.doesNotMatch(await readFile(file, 'utf8'), /EXPORT/)
  },
)

async function importRelease(directory: string, archive: Buffer): Promise<string> {
  const bytes = (async function* () {
    yield archive
  })()
  const store = await ReleaseStore.open(directory)
  return (await importStream(store, 'specimen', { bytes, name: 'a newer one' })).info.digest
}
