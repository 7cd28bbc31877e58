import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabProcess } from '../../src/lab/lab-process.ts'
import { NETROOT } from '../support/netroot.ts'
import { CARD, DhcpNetwork, type Machine } from './dhcp-network.ts'

/** The server's IPv6 address on br0. */
export const SERVER6 = 'fd77::1'
export const RANGE6 = 'fd77::100-fd77::1ff'

/** What dhclient is to do with a lease: put the address on the card. */
const DHCLIENT6_SCRIPT = `#!/bin/sh
printenv > "/run/$MACHINE.told6"
case $reason in
  BOUND6) ip addr replace "$new_ip6_address/64" dev "$interface" ;;
esac
exit 0
`

/** What busybox's udhcpc6, dhclient and dhcpcd get, on a bridge that has IPv6 too. */
export async function makeNetwork6(): Promise<DhcpNetwork> {
  const network = await DhcpNetwork.make()
  await writeFile(join(network.directory, 'dhclient6.sh'), DHCLIENT6_SCRIPT, { mode: 0o755 })
  await network.run('ip', ['addr', 'add', `${SERVER6}/64`, 'dev', 'br0', 'nodad'])
  return network
}

/** Starts `netroot serve dhcp6` and waits until it is ready. */
export async function serve6(network: DhcpNetwork, args: readonly string[] = []): Promise<LabProcess> {
  const options = ['serve', 'dhcp6', '--interface', 'br0', '--prefix', 'fd77::/64', ...args]
  const server = network.spawn(NETROOT, options)
  await server.stdout.waitFor(`listening on [${SERVER6}]:547`, { timeoutMs: 20_000 })
  return server
}

/** Waits until the card's link-local address may be used: clients of DHCPv6 ask from it. */
export async function linkLocalReady(machine: Machine): Promise<void> {
  const script = `until ip -6 addr show dev ${CARD} scope link | grep -v tentative | grep -q inet6; do sleep 0.1; done`
  await machine.run('timeout', ['10', 'sh', '-c', script])
}

/** What ISC dhclient does in IPv6; it stays in the background. Its lease file is what it knows. */
export async function dhclient6(network: DhcpNetwork, machine: Machine, args: readonly string[] = []): Promise<string> {
  const files = ['-lf', `/run/${machine.name}.leases6`, '-pf', `/run/${machine.name}.pid6`]
  const script = ['-e', `MACHINE=${machine.name}`, '-sf', join(network.directory, 'dhclient6.sh')]
  const { stdout, stderr } = await machine.run('timeout', [
    '30',
    'dhclient',
    '-6',
    '-1',
    '-v',
    ...script,
    ...files,
    ...args,
    CARD,
  ])
  return stdout + stderr
}

/** What dhclient6() told its script last. */
export async function toldBy(machine: Machine): Promise<string> {
  return (await machine.run('cat', [`/run/${machine.name}.told6`])).stdout
}

/** The lease file of dhclient6(). */
export async function leaseFile(machine: Machine): Promise<string> {
  return (await machine.run('cat', [`/run/${machine.name}.leases6`])).stdout
}
