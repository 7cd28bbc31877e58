import assert from 'node:assert/strict'
import { cp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseConfig } from '../../src/config/load.ts'
import { prepareStore } from '../../src/server/prepare.ts'
import { CONFIG, NAMED, preparedStore, UpNetwork } from './up-network.ts'
import { STEPS, WireBoot } from './up-wire-boot.ts'

// The parts of an initramfs as machines get them: with and without a login, from a cache that loses some of them.

const LOADING = /iPXE$|^GET/

async function begun(net: UpNetwork, steps = LOADING): Promise<WireBoot> {
  const boot = new WireBoot(await net.machine('pc', NAMED.mac), (await preparedStore()).digest)
  for (const [name, run] of STEPS) if (steps.test(name)) await run(boot)
  return boot
}

/** A copy of the prepared store, for tests that change it. */
async function ownStore(net: UpNetwork): Promise<string> {
  const store = join(net.directory, 'store')
  const { directory } = await preparedStore()
  // what other tests' servers hold at this moment comes and goes
  const filter = (path: string): boolean => !/^(?:leases|tmp)\//.test(path.slice(directory.length + 1))
  await cp(directory, store, { recursive: true, filter })
  return store
}

async function partsIn(store: string): Promise<string[]> {
  return (await readdir(join(store, 'cache', 'initramfs'))).filter((name) => /\.cpio\.\w+$/.test(name))
}

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVtcHR5 admin'
const SSH = `ssh: [${KEY}]\n${CONFIG.replace('cmdline: quiet', 'cmdline: quiet\n    ssh: true')}`

test('netroot up sends an SSH server and the keys to machines whose profile asks for it, and to no others', async (t) => {
  const net = await UpNetwork.make(t)
  const store = await ownStore(net)
  await prepareStore(parseConfig(SSH, 'netroot.yaml').config, store)
  await net.up({ config: SSH, store })
  const boot = await begun(net, /iPXE$|^GET|client part/)
  assert.equal(boot.value('NETROOT_SSH'), '1')
  assert.ok((await boot.machine.get(boot.fileOf('ssh.cpio'))).byteLength > 100_000)
  const client = await boot.machine.get(boot.fileOf('client.cpio'))
  assert.ok(client.includes(`${KEY}\n`))
})

test('netroot up makes a part again that somebody removed, when the machine asks anew what to boot', async (t) => {
  const net = await UpNetwork.make(t)
  const store = await ownStore(net)
  await net.up({ store })
  const boot = await begun(net)
  for (const file of await partsIn(store)) await rm(join(store, 'cache', 'initramfs', file))
  assert.equal(await boot.machine.status([boot.fileOf('drivers.cpio')]), 404)
  await STEPS.find(([name]) => name === 'GET /ipxe')?.[1](boot)
  assert.equal(await boot.machine.status([boot.fileOf('drivers.cpio')]), 200)
  assert.equal(await boot.machine.status([boot.fileOf('tools.cpio')]), 200)
})

/** The made-up release's modules in the drivers that a machine is sent. */
async function modulesSent(t: TestContext, config: string): Promise<string[]> {
  const net = await UpNetwork.make(t)
  const store = await ownStore(net)
  await prepareStore(parseConfig(config, 'netroot.yaml').config, store)
  await net.up({ config, store })
  const boot = await begun(net)
  const file = join(net.directory, 'drivers.cpio')
  await writeFile(file, await boot.machine.get(boot.fileOf('drivers.cpio')))
  const shown = await net.netroot(['initramfs', 'show', file, '--json'])
  return [...new Set([...shown.stdout.matchAll(/\b[ab]\.ko\b/g)].map(String))].sort()
}

test('netroot up packs the modules that a profile names, with what they need [FB68]', async (t) => {
  assert.deepEqual(await modulesSent(t, CONFIG), [])
  const config = CONFIG.replace('cmdline: quiet', 'cmdline: quiet\n    modules: [b]')
  assert.deepEqual(await modulesSent(t, config), ['a.ko', 'b.ko'])
})

async function used(t: TestContext): Promise<{ net: UpNetwork; store: string }> {
  const net = await UpNetwork.make(t)
  const store = await ownStore(net)
  const server = await net.up({ store })
  await begun(net)
  await server.stop()
  return { net, store }
}

test('netroot image rm removes the drivers that were made of the release, and leaves the tools', async (t) => {
  const { net, store } = await used(t)
  const before = await partsIn(store)
  const removed = await net.netroot(['image', 'rm', 'specimen', '--store', store])
  assert.equal(removed.status, 0, removed.stderr)
  const left = await partsIn(store)
  assert.ok(left.length > 0 && left.length < before.length, `${left.length} of ${before.length}`)
  const names = await readdir(join(store, 'cache', 'initramfs'))
  assert.deepEqual(
    names.filter((name) => name.startsWith('drivers-')),
    [],
  )
})

test('netroot up names the line of netroot.yaml that asks for a login which no key opens', async (t) => {
  const net = await UpNetwork.make(t)
  const asks = CONFIG.replace('cmdline: quiet', 'cmdline: quiet netroot.ssh')
  const refused = await net.upFails({ config: asks })
  assert.equal(refused.status, 2)
  assert.match(refused.stderr, /netroot\.yaml:7:14: cmdline: asks for a login over SSH, and no key may log in/)
  const missing = await net.upFails({ config: `ssh: keys.pub\n${CONFIG}` })
  assert.match(missing.stderr, /netroot\.yaml:1:6: ssh: ENOENT/)
  await writeFile(join(net.directory, 'keys.pub'), `${KEY}\n`)
  await net.up({ config: `ssh: keys.pub\n${CONFIG}` })
})
