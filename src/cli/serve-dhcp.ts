import { Command } from 'commander'
import { contains } from '../net/cidr.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { AnswerClient, DhcpAnswer } from '../protocols/dhcp/answer.ts'
import type { DhcpExchange } from '../protocols/dhcp/exchange.ts'
import { checkDhcpNetwork, type DhcpNetwork, DhcpNetworkError } from '../protocols/dhcp/network.ts'
import { DhcpServer } from '../protocols/dhcp/server.ts'
import { type Subnet, SubnetLeases } from '../protocols/dhcp/subnet-leases.ts'
import { listInterfaces } from '../sys/interfaces.ts'
import { type Logger, stderrLogger } from '../sys/log.ts'
import { UsageError } from './failure.ts'
import { serveUntilSignal } from './listen.ts'
import {
  addresses,
  bootFile,
  bootFileFor,
  type BootFileRule,
  KINDS,
  leaseSeconds,
  oneAddress,
  oneMore,
  relayedNetwork,
  type RelayedNetwork,
} from './serve-dhcp-flags.ts'

interface Flags {
  readonly interface: readonly string[]
  readonly range: readonly string[]
  readonly relayed?: readonly RelayedNetwork[]
  readonly serverAddress?: string
  readonly router?: readonly string[]
  readonly dns?: readonly string[]
  readonly domain?: string
  readonly lease: number
  readonly nextServer?: string
  readonly bootFile?: readonly BootFileRule[]
  readonly state?: string
  readonly probe: boolean
}

const EXAMPLES = `
Examples:
  netroot serve dhcp --interface eth1 --range 10.0.0.100-10.0.0.200
  netroot serve dhcp --interface eth1 --range 10.0.0.100-10.0.0.200 --router 10.0.0.1 --dns 10.0.0.1 \\
      --boot-file bios=undionly.kpxe --boot-file uefi=snponly.efi --boot-file ipxe=http://10.0.0.1/boot.ipxe
  netroot serve dhcp --interface eth1 --range 10.0.0.100-10.0.0.200 --interface eth2 --range 10.1.0.100-10.1.0.200 \\
      --relayed 10.9.0.0/24=10.9.0.100-10.9.0.199,10.9.0.1
  netroot serve dhcp --interface eth1 --range 10.0.0.100-10.0.0.200 --state /var/lib/netroot/leases.db`

const FOR_WHOM = `for one kind of client (${KINDS.join(', ')}), one class (arch:NUMBER, vendor:TEXT, user:TEXT, uuid:TEXT) or all`

/** `netroot serve dhcp`: a DHCP server for people who need just that. */
export function serveDhcpCommand(): Command {
  return new Command('dhcp')
    .description('Give addresses and boot files to the machines on one interface or several')
    .requiredOption('--interface <name>', 'the interface to serve; again for the next one', oneMore)
    .requiredOption('--range <first-last>', 'addresses to give out there, such as 10.0.0.100-10.0.0.200', oneMore)
    .option('--relayed <network=first-last[,router]>', 'a network behind relays, and its addresses', relayedNetwork)
    .option('--server-address <address>', 'which address of the interface is the server’s, where it has several')
    .option('--router <address...>', 'default router', addresses)
    .option('--dns <address...>', 'name server', addresses)
    .option('--domain <name>', 'domain name')
    .option('--lease <seconds>', 'how long a lease lasts', leaseSeconds, 3600)
    .option('--next-server <address>', 'where the boot files are, if not here', oneAddress)
    .option('--boot-file <[whom=]file>', `boot file, ${FOR_WHOM}`, bootFile)
    .option('--state <file>', 'keep leases in this SQLite file (without it they are forgotten at the end)')
    .option('--no-probe', 'do not look by ARP whether an address is in use before it is offered')
    .addHelpText('after', EXAMPLES)
    .action(serve)
}

async function serve(flags: Flags): Promise<void> {
  const networks = await checkedNetworks(flags)
  const log = stderrLogger()
  const subnets: ServedSubnet[] = [
    ...networks.map((network) => ({ ...network, network: network.server })),
    ...(flags.relayed ?? []),
  ]
  const leases = await openPool(flags.state, subnets)
  const answer = answerBy(flags, subnets)
  await using servers = new AsyncDisposableStack()
  for (const { interface: name, server } of networks) {
    servers.use(
      await DhcpServer.listen({
        interface: name,
        serverAddress: server.address,
        leases,
        answer,
        ...(flags.probe ? { checked: server } : {}),
        onExchange: (exchange) => tell(exchange, log),
        log,
      }),
    )
  }
  for (const { server } of networks.slice(1)) process.stdout.write(`listening on ${server.address}:67\n`)
  await serveUntilSignal(servers.move(), { host: networks[0]?.server.address ?? '', port: 67 })
}

/** The n-th range is that of the n-th interface. */
async function checkedNetworks({ interface: names, range: ranges, serverAddress }: Flags): Promise<DhcpNetwork[]> {
  if (names.length !== ranges.length) {
    throw new UsageError(`Cannot serve ${names.length} interfaces with ${ranges.length} ranges, want one for each`)
  }
  const own = serverAddress === undefined ? {} : { serverAddress }
  const interfaces = await listInterfaces()
  try {
    return names.map((name, n) => checkDhcpNetwork({ interface: name, range: ranges[n] ?? '', ...own }, interfaces))
  } catch (cause) {
    throw cause instanceof DhcpNetworkError ? new UsageError(cause.message) : cause
  }
}

async function openPool(state: string | undefined, subnets: readonly Subnet[]): Promise<SubnetLeases> {
  if (state === undefined) return new SubnetLeases({ subnets })
  const [{ DatabaseSync }, { openLeases }] = await Promise.all([import('node:sqlite'), import('../fleet/leases.ts')])
  try {
    return openLeases(new DatabaseSync(state), { subnets })
  } catch (cause) {
    throw new Error(`Cannot keep leases in ${state}`, { cause })
  }
}

interface ServedSubnet extends Subnet {
  readonly router?: Ipv4
}

/** The same answer for everybody in a network, but for the boot file. */
function answerBy(flags: Flags, subnets: readonly ServedSubnet[]): AnswerClient {
  const { nextServer, domain, dns = [], bootFile: rules = [] } = flags
  const common: Pick<DhcpAnswer, 'leaseSeconds' | 'nameServers' | 'domainName' | 'nextServer'> = {
    leaseSeconds: flags.lease,
    nameServers: dns,
    ...(domain === undefined ? {} : { domainName: domain }),
    ...(nextServer === undefined ? {} : { nextServer }),
  }
  return (client, { link }) => {
    const subnet = subnets.find(({ network }) => contains(network, link))
    if (subnet === undefined) return undefined
    const file = bootFileFor(rules, client)
    const network = { prefix: subnet.network.prefix, routers: routersIn(subnet, flags.router ?? [], subnets) }
    return { ...common, ...network, ...(file === undefined ? {} : { bootFile: file }) }
  }
}

/** Of several networks each is told the routers that are in it. */
function routersIn(
  { network, router }: ServedSubnet,
  all: readonly Ipv4[],
  subnets: readonly Subnet[],
): readonly Ipv4[] {
  if (router !== undefined) return [router]
  return subnets.length === 1 ? all : all.filter((address) => contains(network, address))
}

function tell(exchange: DhcpExchange, log: Logger): void {
  log.info(describeExchange(exchange), { mac: exchange.client.mac })
}

function describeExchange({ received: type, outcome }: DhcpExchange): string {
  const received = type ?? 'message'
  switch (outcome.kind) {
    case 'offered':
      return `${received}: offered ${outcome.address}`
    case 'acknowledged':
      return `${received} (${outcome.state}): ${outcome.address} for ${outcome.leaseSeconds} s`
    case 'denied':
      return `${received}: denied, ${outcome.text}`
    case 'ignored':
    case 'failed':
      return `${received}: no answer, ${outcome.text}`
    default:
      return `${received}: ${outcome.address}`
  }
}
