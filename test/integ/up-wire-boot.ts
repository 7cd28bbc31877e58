import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { readCpio } from '../../src/formats/cpio/read.ts'
import { SPECIMEN_KERNEL } from '../../src/image/specimen.ts'
import { KERNEL, type Machine, SERVER } from './up-network.ts'

/** What a machine learnt of its boot so far. */
export class WireBoot {
  readonly machine: Machine
  readonly digest: string
  address = ''
  script = ''
  plan = ''

  constructor(machine: Machine, digest: string) {
    this.machine = machine
    this.digest = digest
  }
  get id(): string {
    return /netroot\.boot=(\w+)/.exec(this.script)?.[1] ?? assert.fail(this.script)
  }
  fileOf(name: string): string {
    return new RegExp(`--name ${name} (http\\S+)`).exec(this.script)?.[1] ?? assert.fail(this.script)
  }
  value(name: string): string {
    return new RegExp(`^${name}='(.*)'$`, 'm').exec(this.plan)?.[1] ?? assert.fail(this.plan)
  }
}

export type Step = readonly [name: string, run: (boot: WireBoot) => Promise<void>]

/** A whole boot over the wire: what iPXE, our initramfs and the kernel ask for, in their order. */
export const STEPS: readonly Step[] = [
  ['DISCOVER of iPXE', discover],
  ['REQUEST of iPXE', request],
  ['a loader over TFTP', loader],
  ['GET /boot.ipxe', firstScript],
  ['GET /ipxe', ownScript],
  ['the kernel', kernel],
  ['the tools part', (boot) => part(boot, 'tools.cpio', ['init', 'bin/busybox'])],
  ['the drivers part', (boot) => part(boot, 'drivers.cpio', [`lib/modules/${KERNEL}/modules.dep`, 'netroot/drivers'])],
  ['the client part', clientPart],
  ['report init', (boot) => report(boot, `init\nuptime 1.02\nkernel ${KERNEL}\nmemory 1013000\n`)],
  ['report cards', (boot) => report(boot, `cards\nuptime 1.50\ncard eth0 ${boot.machine.mac} e1000 01:80:86:10:0e\n`)],
  ['the lease of the initramfs', lease],
  ['report lease', (boot) => report(boot, `lease\nuptime 2.10\ninterface eth0\naddress ${boot.address}\n`)],
  ['the root over NFS', root],
  ['report root', (boot) => report(boot, `root\nuptime 2.40\nurl ${boot.value('NETROOT_ROOTS')}\ntook 0.12\n`)],
  ['report switch', (boot) => report(boot, 'switch\nuptime 2.60\ninit /sbin/init\n')],
  ['report alive', (boot) => report(boot, 'alive\nuptime 9.80\nhostname x\nstate running\n')],
]

async function discover(boot: WireBoot): Promise<void> {
  const offer = await boot.machine.dhcp('discover')
  assert.equal(offer?.type, 'offer')
  boot.address = offer.address
}
async function request(boot: WireBoot): Promise<void> {
  const ack = await boot.machine.dhcp('request', boot.address)
  assert.deepEqual([ack?.type, ack?.address, ack?.bootFile], ['ack', boot.address, `http://${SERVER}/boot.ipxe`])
  await boot.machine.takeAddress(boot.address)
}
async function loader({ machine }: WireBoot): Promise<void> {
  const bytes = await machine.get(`tftp://${SERVER}/undionly.kpxe`)
  assert.ok(bytes.equals(await machine.get('/loader/undionly.kpxe')))
  assert.ok(bytes.byteLength > 50_000)
}
async function firstScript({ machine }: WireBoot): Promise<void> {
  assert.match(
    (await machine.get('/boot.ipxe')).toString(),
    /chain --replace --autofree http:\/\/10\.7\.0\.1\/ipxe\?mac=/,
  )
}
async function ownScript(boot: WireBoot): Promise<void> {
  const query = `mac=${boot.machine.mac}&uuid=5254dead-beef-0000-0000-000000000000&busid=01:80:86:10:0e`
  boot.script = (await boot.machine.get(`/ipxe?${query}&platform=pcbios&arch=x86_64&version=1.21.1`)).toString()
  assert.match(boot.script, /^#!ipxe\n/)
}
async function kernel(boot: WireBoot): Promise<void> {
  assert.ok((await boot.machine.get(boot.fileOf('vmlinuz'))).equals(Buffer.from(SPECIMEN_KERNEL, 'latin1')))
}
async function part(boot: WireBoot, name: string, members: readonly string[]): Promise<void> {
  const url = boot.fileOf(name)
  const bytes = await boot.machine.get(url)
  assert.equal(createHash('sha256').update(bytes).digest('hex'), /\/([0-9a-f]{64})\./.exec(url)?.[1])
  const names = new Set(readCpio(gunzipSync(bytes)).entries.map((entry) => entry.name))
  for (const member of members) assert.ok(names.has(member), `${member} in ${name}`)
}
async function clientPart(boot: WireBoot): Promise<void> {
  const { entries } = readCpio(await boot.machine.get(boot.fileOf('client.cpio')))
  const plan = entries.find(({ name }) => name === 'netroot/plan')
  assert.ok(plan?.type === 'file')
  boot.plan = Buffer.from(plan.content).toString()
  assert.equal(boot.value('NETROOT_BOOT'), boot.id)
  assert.equal(boot.value('NETROOT_RELEASE'), boot.digest)
  assert.equal(boot.value('NETROOT_KERNEL'), KERNEL)
}
async function lease(boot: WireBoot): Promise<void> {
  assert.equal(await boot.machine.udhcpc(), boot.address)
}
async function root(boot: WireBoot): Promise<void> {
  assert.equal(boot.value('NETROOT_ROOTS'), `nfs://${SERVER}:2049/release/${boot.digest}?vers=4.2/4.1/4.0/3`)
  assert.match(await boot.machine.nfsCat(boot.digest, 'usr/lib/os-release'), /^NAME=Specimen$/m)
}
async function report(boot: WireBoot, body: string): Promise<void> {
  assert.equal(await boot.machine.report(boot.id, body), 200)
}
