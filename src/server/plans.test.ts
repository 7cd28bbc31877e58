import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parseConfig } from '../config/load.ts'
import type { Part } from '../initramfs/part.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import type { DriversChoice } from './drivers-choice.ts'
import type { Parts, ReleaseParts } from './parts.ts'
import { Plans } from './plans.ts'
import { Releases } from './releases.ts'
import { PC7, specimenStore } from './testing.ts'

const CONFIG = `
interface: br0
range: 10.0.0.100-10.0.0.199
profiles:
  plain: { image: specimen, hostname: "pc-{mac}", cmdline: quiet }
default: plain
clients:
  pc7: { mac: ${PC7}, hostname: seven, cmdline: debug }
`
const KERNEL = '6.1.0-10-amd64'

function bootOf(mac: string): Boot {
  return { id: 'k7m2qa', machine: { mac }, name: '', phase: 'loader', beganAt: 0, lastAt: 0 }
}

/** Plans whose parts are not made: what is in them is another matter. */
async function plans(t: TestContext, config = CONFIG): Promise<{ plans: Plans; digest: string }> {
  const { store, digest } = await specimenStore(t)
  const releases = new Releases(store)
  t.after(() => releases[Symbol.asyncDispose]())
  const part = (path: string): Part<unknown> => ({ path, digest: '', size: 0, unpackedSize: 0, report: {} })
  const made = { tools: part('/cache/aa.cpio.gz'), drivers: part('/cache/bb.cpio.gz') } as ReleaseParts
  const ssh = part('/cache/dd.cpio.gz')
  const parts = {
    ensure: () => Promise.resolve(made),
    ssh: () => Promise.resolve(ssh),
    microcode: () => Promise.resolve(undefined),
  } as unknown as Parts
  const fitted = { part: part('/cache/cc.cpio.gz'), scope: 'fitted', devices: [], why: '' }
  const drivers = { choose: () => Promise.resolve(fitted) } as unknown as DriversChoice
  const server = { address: '10.0.0.1', httpPort: 8080, nfsPort: 2049 }
  return {
    plans: new Plans({ config: parseConfig(config, 'netroot.yaml').config, server, releases, parts, drivers }),
    digest,
  }
}

test('Plans prepares a client by its name, over what its profile says', async (t) => {
  const { plans: made, digest } = await plans(t)
  const prepared = (await made.prepare(bootOf(PC7))) ?? assert.fail()
  const { plan, title } = prepared
  assert.equal(title, `pc7 boots specimen ${digest.slice(0, 12)} with Linux ${KERNEL}`)
  assert.equal(plan.variables['NETROOT_NAME'], 'seven')
  assert.match(plan.commandLine, / quiet debug$/)
  assert.deepEqual(
    plan.initramfs.map(({ path }) => path),
    ['/initramfs/tools/aa.cpio.gz', '/initramfs/drivers/cc.cpio.gz', `/boot/k7m2qa/${digest}/${KERNEL}/client.cpio`],
  )
})

test('Plans prepares a machine nobody named by the pattern of the default profile', async (t) => {
  const { plans: made } = await plans(t)
  const { plan, title } = (await made.prepare(bootOf('52:54:00:ab:cd:01'))) ?? assert.fail()
  assert.equal(plan.variables['NETROOT_NAME'], 'pc-525400abcd01')
  assert.match(title, /^52:54:00:ab:cd:01 boots specimen/)
})

test('Plans has none for a machine that is to be ignored', async (t) => {
  const { plans: made } = await plans(t, `${CONFIG}unknown: ignore\n`)
  assert.equal(await made.prepare(bootOf('52:54:00:ab:cd:01')), undefined)
  assert.ok(await made.prepare(bootOf(PC7)))
})

test('Plans gives a boot what its script named, though its profile boots another image by now', async (t) => {
  const { plans: made, digest } = await plans(t, CONFIG.replace('image: specimen', 'image: newer'))
  const { plan } = (await made.prepare(bootOf(PC7), { pinned: { release: digest, kernel: KERNEL } })) ?? assert.fail()
  assert.equal(plan.variables['NETROOT_RELEASE'], digest)
  await assert.rejects(made.prepare(bootOf(PC7)), /There is no image "newer"/)
})

test('Plans sends the SSH part to the machines whose profile asks for it, and the time to all', async (t) => {
  const config = CONFIG.replace('cmdline: debug', 'ssh: true').replace('profiles:', 'ssh: keys.pub\nprofiles:')
  const { plans: made } = await plans(t, config)
  const { plan } = (await made.prepare(bootOf(PC7))) ?? assert.fail()
  assert.equal(plan.initramfs[2]?.path, '/initramfs/ssh/dd.cpio.gz')
  assert.equal(plan.variables['NETROOT_SSH'], '1')
  assert.ok(Math.abs(Number(plan.variables['NETROOT_TIME']) - Date.now() / 1000) < 5)
  const other = (await made.prepare(bootOf('52:54:00:ab:cd:01'))) ?? assert.fail()
  assert.equal(other.plan.initramfs.length, 3)
  assert.equal(other.plan.variables['NETROOT_SSH'], undefined)
})
