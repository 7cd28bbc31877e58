import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { MachineOptions } from '../../src/lab/machine-options.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { BOOT_MS, serveDebian, showWhatFailed, storyText } from '../vm/served.ts'

/* UEFI that boots over IPv6 alone, by PXE and by HTTP, with radvd as the router: from the firmware to the root. */

const MAC = '52:54:00:77:00:06'
const TIMEOUT = { timeout: BOOT_MS } as const
const RADVD = `interface br0 {
  AdvSendAdvert on;
  AdvManagedFlag on;
  AdvOtherConfigFlag on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 10;
  prefix fd77::/64 { AdvOnLink on; AdvAutonomous off; };
};
`
let served: ServedLab

before(async () => {
  served = await serveDebian({
    firmware: 'uefi',
    cmdline: 'rd.break=root',
    config: `dhcp: off
ipv6: { prefix: "fd77::/64", range: "fd77::100-fd77::1ff", dns: ["fd77::53"] }
clients: { six: { mac: "${MAC}", address6: "fd77::6" } }`,
    prepare: async (lab) => {
      await lab.run('ip', ['address', 'add', 'fd77::1/64', 'dev', 'br0', 'nodad'])
      const file = join(lab.directory, 'radvd.conf')
      await writeFile(file, RADVD)
      await lab.run('sysctl', ['-q', '-w', 'net.ipv6.conf.all.forwarding=1'])
      lab.spawn('radvd', ['-n', '-C', file, '-p', join(lab.directory, 'radvd.pid'), '-m', 'stderr', '-u', 'root'])
    },
  })
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

/** edk2 reads these names from QEMU. */
function without(...names: readonly string[]): string[] {
  return names.flatMap((name) => ['-fw_cfg', `name=opt/org.tianocore/${name},string=n`])
}

/** Boots a machine until it has its root; what it was given by DHCPv6, and what it fetched. */
async function boot(options: MachineOptions): Promise<{ readonly leases: string[]; readonly story: string }> {
  const from = served.events.length
  await using pc = await served.lab.powerOn({ memoryMiB: 1024, cpus: 2, ...options })
  await served.waitForEvent(({ event }) => event.type === 'report.root', { from, timeoutMs: BOOT_MS })
  await pc.console.waitFor("netroot: stopped at 'root'", { timeoutMs: 60_000 })
  const leases = served.events.slice(from).flatMap(({ event }) => {
    return event.type === 'dhcp.ack' ? [`${event.speaker} ${event.address}`] : []
  })
  return { leases: [...new Set(leases)], story: await storyText(served, served.events[from]?.boot) }
}

test('UEFI boots by PXE over IPv6: one address from firmware to initramfs, all by URLs with it', TIMEOUT, async () => {
  const card = { mac: MAC }
  const { leases, story } = await boot({
    name: 'six',
    firmware: 'uefi',
    cards: [card],
    extraArgs: without('IPv4PXESupport'),
  })
  assert.deepEqual(leases, ['firmware fd77::6', 'ipxe fd77::6', 'initramfs fd77::6'])
  assert.match(story, /asks for an IPv6 address \(UEFI\)[\s\S]*snponly\.efi sent[\s\S]*kernel sent/)
  assert.match(story, /root mounted from nfs:\/\/\[fd77::1\]/)
})

test('UEFI boots by HTTP over IPv6', TIMEOUT, async () => {
  const { leases, story } = await boot({ name: 'http6', firmware: 'uefi-http' })
  assert.match(leases.join(), /^firmware (fd77::1[0-9a-f]{2}),ipxe \1,initramfs \1$/)
  assert.match(
    story,
    /asks for an IPv6 address \(UEFI, HTTP\)[\s\S]*snponly\.efi[\s\S]*root mounted from nfs:\/\/\[fd77::1\]/,
  )
})
