import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { LabProcess } from '../../src/lab/lab-process.ts'
import { NETROOT } from '../support/netroot.ts'
import { CONFIG, NAMED, preparedStore, UpNetwork } from './up-network.ts'
import { STEPS, WireBoot } from './up-wire-boot.ts'

// A whole boot over the wire, without a virtual machine: what iPXE, our initramfs and the kernel ask for, in their order.

const UNKNOWN_MAC = '52:54:00:ab:cd:01'

async function begin(t: TestContext, mac: string): Promise<{ net: UpNetwork; boot: WireBoot }> {
  const net = await UpNetwork.make(t)
  const { digest } = await preparedStore()
  return { net, boot: new WireBoot(await net.machine('pc', mac), digest) }
}

/** What is written of a whole boot, in its order; a file by what it is. */
const STORY = [
  'dhcp.discover dhcp.offer dhcp.ack tftp.file loader script boot.drivers script kernel tools drivers client',
  'report.init report.cards dhcp.discover dhcp.offer dhcp.ack report.lease nfs.mount',
  'report.root report.switch report.alive nfs.traffic',
]
  .join(' ')
  .split(' ')

interface ShownBoot {
  readonly boot: { readonly id: string; readonly name: string; readonly phase: string; readonly address: string }
  readonly diagnosis: { readonly verdict: string }
  readonly events: readonly { readonly type: string; readonly role?: string }[]
}

async function shown(net: UpNetwork, which: string): Promise<ShownBoot> {
  const { stdout } = await net.netroot(['boots', 'show', which, '--json', '--state', net.state])
  return JSON.parse(stdout) as ShownBoot
}

test('netroot up serves a named client all that it boots from, and tells its story [HT6]', async (t) => {
  const { net, boot } = await begin(t, NAMED.mac)
  const server = await net.up()
  const follower = net.spawn('sh', ['-c', `exec "$0" boots --follow --state "$1"`, NETROOT, net.state])
  for (const [, run] of STEPS) await run(boot)
  assert.equal(boot.address, NAMED.address)
  assert.equal(boot.value('NETROOT_NAME'), NAMED.name)
  assert.match(boot.script, /BOOTIF=01-52-54-00-00-00-07 .*quiet/)

  const story = await shown(net, NAMED.name)
  assert.deepEqual(
    [story.boot.id, story.boot.name, story.boot.phase, story.boot.address, story.diagnosis.verdict],
    [boot.id, NAMED.name, 'alive', NAMED.address, 'alive'],
  )
  assert.deepEqual(
    story.events.map(({ type, role }) => role ?? type),
    STORY,
  )
  const list = await net.netroot(['boots', '--state', net.state])
  assert.match(list.stdout, new RegExp(`^${boot.id}  pc7 +10\\.7\\.0\\.7 .* alive$`, 'm'))
  const text = await net.netroot(['boots', 'show', boot.id, '--state', net.state])
  assert.match(text.stdout, /10\.7\.0\.7 leased for 12 h/)
  const why = await net.netroot(['why', NAMED.name, '--state', net.state])
  assert.match(why.stdout, /^alive:/m)
  await follower.stdout.waitFor(/pc7 .*alive/)
  for (const line of server.stdout.text.trimEnd().split('\n')) JSON.parse(line)
})

test('netroot up serves a machine nobody named, by the pattern of its profile', async (t) => {
  const { net, boot } = await begin(t, UNKNOWN_MAC)
  await net.up()
  for (const [, run] of STEPS) await run(boot)
  assert.equal(boot.address, '10.7.0.100')
  assert.equal(boot.value('NETROOT_NAME'), 'pc-525400abcd01')
  assert.equal((await shown(net, UNKNOWN_MAC)).boot.id, boot.id)
})

test('a boot goes on when the server is killed between any two of its steps', { timeout: 120_000 }, async (t) => {
  const { net, boot } = await begin(t, UNKNOWN_MAC)
  let server: LabProcess = await net.up()
  for (const [name, run] of STEPS) {
    await t.test(name, async () => {
      await run(boot)
      await server.kill('SIGKILL')
      await server.exited
      server = await net.up()
    })
  }
  const story = await shown(net, UNKNOWN_MAC)
  assert.deepEqual([story.boot.id, story.boot.phase, boot.address], [boot.id, 'alive', '10.7.0.100'])
  const restarts = story.events.filter(({ type }) => type === 'server.restarted')
  // an answer does not wait until it is written: of a server killed in the moment after its first one, the boot knows nothing
  assert.ok(restarts.length >= STEPS.length - 1, `${restarts.length} restarts told, of ${STEPS.length}`)
  const { stdout } = await net.netroot(['boots', '--json', '--state', net.state])
  assert.equal((JSON.parse(stdout) as unknown[]).length, 1) // one boot, whatever happened to the server
})

test('unknown: ignore gives machines nobody named no answer, and the named one its own', async (t) => {
  const { net, boot } = await begin(t, UNKNOWN_MAC)
  await net.up({ config: `${CONFIG}unknown: ignore\n` })
  assert.equal(await boot.machine.dhcp('discover'), undefined)
  await boot.machine.takeAddress('10.7.0.140')
  const refused = (await boot.machine.get(`/ipxe?mac=${UNKNOWN_MAC}`)).toString()
  assert.match(
    refused,
    /^#!ipxe\necho netroot: 52:54:00:ab:cd:01 is not served \(unknown: ignore\)\nsleep 10\nexit 1$/m,
  )
  const why = await net.netroot(['why', UNKNOWN_MAC, '--state', net.state])
  assert.match(why.stdout, /nothing is configured for this machine/)
  const named = await net.machine('named', NAMED.mac)
  assert.equal((await named.dhcp('discover'))?.address, NAMED.address)
})
