import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeLabDirectory } from '../../src/lab/directory.ts'
import type { LabProcess } from '../../src/lab/lab-process.ts'
import { Namespace, type RunResult } from '../../src/lab/namespace.ts'
import { NETROOT } from '../support/netroot.ts'

/** The server's side: a bridge with this address, to which every machine is plugged. */
export const SERVER = '10.7.0.1'
export const RANGE = '10.7.0.100-10.7.0.150'
/** The name of the one card that each machine has. */
export const CARD = 'eth0'

/** The card of a router that leads away from the server. */
export const FAR_CARD = 'eth1'

/** What udhcpc is to do with a lease: put the address on the card, so that it can renew by unicast. */
const UDHCPC_SCRIPT = `#!/bin/sh
[ "$1" = bound ] && ip addr add "$ip/$mask" dev "$interface"
exit 0
`

/** The same for dhclient, in place of a script that would change the host's resolv.conf. */
const DHCLIENT_SCRIPT = `#!/bin/sh
[ "$reason" = BOUND ] && ip addr replace "$new_ip_address/24" dev "$interface"
exit 0
`

/** A private network: the host on a bridge, and machines that are network namespaces. All of it dies with the test. */
export class DhcpNetwork implements AsyncDisposable {
  readonly directory: string
  readonly #host: Namespace

  static async make(): Promise<DhcpNetwork> {
    const directory = await makeLabDirectory()
    const host = await Namespace.make(directory)
    await writeFile(join(directory, 'udhcpc.sh'), UDHCPC_SCRIPT, { mode: 0o755 })
    await writeFile(join(directory, 'dhclient.sh'), DHCLIENT_SCRIPT, { mode: 0o755 })
    for (const folder of ['/run', '/var/lib']) await host.run('mount', ['-t', 'tmpfs', 'tmpfs', folder])
    const network = new DhcpNetwork(directory, host)
    await network.run('ip', ['link', 'add', 'br0', 'type', 'bridge'])
    await network.run('ip', ['addr', 'add', `${SERVER}/24`, 'dev', 'br0'])
    await network.run('ip', ['link', 'set', 'br0', 'up'])
    return network
  }

  private constructor(directory: string, host: Namespace) {
    this.directory = directory
    this.#host = host
  }

  /** Plugs a machine in. */
  async machine(name: string, bridge = 'br0'): Promise<Machine> {
    await this.run('ip', ['netns', 'add', name])
    await this.run('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', CARD, 'netns', name])
    await this.run('ip', ['link', 'set', name, 'master', bridge, 'up'])
    await this.run('ip', ['-n', name, 'link', 'set', CARD, 'up'])
    return new Machine(name, this)
  }
  /** A second bridge of the host, with an address such as `10.8.0.1/24`, or without one. */
  async bridge(name: string, address?: string): Promise<void> {
    await this.run('ip', ['link', 'add', name, 'type', 'bridge'])
    if (address !== undefined) await this.run('ip', ['addr', 'add', address, 'dev', name])
    await this.run('ip', ['link', 'set', name, 'up'])
  }
  /** A router between br0 and `bridge`, which is 10.7.0.2 here and `address` there; it forwards what is not DHCP. */
  async router(name: string, bridge: string, address: string): Promise<Machine> {
    const router = await this.machine(name)
    await this.run('ip', ['link', 'add', `${name}-far`, 'type', 'veth', 'peer', 'name', FAR_CARD, 'netns', name])
    await this.run('ip', ['link', 'set', `${name}-far`, 'master', bridge, 'up'])
    await router.run('ip', ['addr', 'add', '10.7.0.2/24', 'dev', CARD])
    await router.run('ip', ['addr', 'add', address, 'dev', FAR_CARD])
    await router.run('ip', ['link', 'set', FAR_CARD, 'up'])
    await router.run('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1'])
    await this.run('ip', ['route', 'add', address.replace(/\.\d+\//, '.0/'), 'via', '10.7.0.2'])
    return router
  }

  /** Starts `netroot serve dhcp` and waits until it is ready. */
  async serve(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<LabProcess> {
    const options = ['serve', 'dhcp', '--interface', 'br0', '--range', RANGE, ...args]
    const server = this.#host.spawn(NETROOT, options, { env })
    await server.stdout.waitFor(`listening on ${SERVER}:67`, { timeoutMs: 20_000 })
    return server
  }

  /** Runs a program on the host to its end, with status 0. */
  run(command: string, args: readonly string[]): Promise<RunResult> {
    return this.#host.run(command, args)
  }
  spawn(command: string, args: readonly string[]): LabProcess {
    return this.#host.spawn(command, args)
  }
  /** Runs `netroot` on the host to its end, whatever its status. */
  async netroot(args: readonly string[], prefix: readonly string[] = []): Promise<RunResult> {
    const [command = NETROOT, ...rest] = [...prefix, NETROOT, ...args]
    const child = this.#host.spawn(command, rest, { signal: AbortSignal.timeout(20_000) })
    const { status = -1 } = await child.exited
    return { status, stdout: child.stdout.text, stderr: child.stderr.text }
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.#host.close()
  }
}

/** One machine of the network, with the DHCP clients that real systems use. */
export class Machine {
  readonly name: string
  readonly #network: DhcpNetwork

  constructor(name: string, network: DhcpNetwork) {
    this.name = name
    this.#network = network
  }

  run(command: string, args: readonly string[]): Promise<RunResult> {
    return this.#network.run('ip', ['netns', 'exec', this.name, command, ...args])
  }
  spawn(command: string, args: readonly string[]): LabProcess {
    return this.#network.spawn('ip', ['netns', 'exec', this.name, command, ...args])
  }

  /** The address that busybox udhcpc is given; it ends then and keeps its lease. */
  async udhcpc(args: readonly string[] = []): Promise<string> {
    const basic = ['udhcpc', '-i', CARD, '-f', '-q', '-n', '-t', '5', '-T', '1', '-s', '/bin/true']
    const { stderr } = await this.run('busybox', [...basic, ...args])
    return found(/lease of (\S+) obtained/, stderr)
  }
  /** udhcpc in the foreground, with its address on the card; it renews at SIGUSR1 and releases at SIGUSR2. */
  udhcpcDaemon(): LabProcess {
    const script = join(this.#network.directory, 'udhcpc.sh')
    return this.spawn('busybox', ['udhcpc', '-i', CARD, '-f', '-R', '-t', '5', '-T', '1', '-s', script])
  }
  /** The address that ISC dhclient is given; it stays in the background until `dhclient(['-r'])`. */
  async dhclient(args: readonly string[] = []): Promise<string> {
    const files = ['-lf', `/run/${this.name}.leases`, '-pf', `/run/${this.name}.pid`]
    const { stderr } = await this.run('dhclient', [
      '-1',
      '-v',
      '-sf',
      join(this.#network.directory, 'dhclient.sh'),
      ...files,
      ...args,
      CARD,
    ])
    return found(/(?:bound to|DHCPRELEASE of) (\S+)/, stderr)
  }
  /** The address that dhcpcd is given; it ends then. */
  async dhcpcd(args: readonly string[] = []): Promise<string> {
    const options = ['-4', '-1', '-B', '-A', '-L', '-t', '15', '-c', '/bin/true', ...args]
    const { stderr } = await this.run('dhcpcd', [...options, CARD])
    return found(/leased (\S+) for/, stderr)
  }
}

function found(pattern: RegExp, text: string): string {
  const [, value] = pattern.exec(text) ?? []
  if (value === undefined) throw new Error(`no ${pattern} in the output of the client:\n${text}`)
  return value
}
