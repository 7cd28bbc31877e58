import { Command } from 'commander'
import { contains } from '../net/cidr.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import { openLeases } from '../fleet/leases.ts'
import type { AnswerClient, DhcpAnswer } from '../protocols/dhcp/answer.ts'
import type { DhcpExchange } from '../protocols/dhcp/exchange.ts'
import { checkDhcpNetwork, type DhcpNetwork, DhcpNetworkError } from '../protocols/dhcp/network.ts'
import { OtherServers } from '../protocols/dhcp/other-servers.ts'
import { DhcpServer } from '../protocols/dhcp/server.ts'
import { type Subnet, SubnetLeases } from '../protocols/dhcp/subnet-leases.ts'
import { listInterfaces } from '../sys/interfaces.ts'
import { type Logger, stderrLogger } from '../sys/log.ts'
import { UsageError } from './failure.ts'
import { serveUntilSignal } from './listen.ts'
import { nextServerAddress } from './next-server.ts'
import {
  addresses,
  bootFile,
  bootFileFor,
  type BootFileRule,
  KINDS,
  leaseSeconds,
  oneMore,
  positiveSeconds,
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
  readonly proxy?: true
  readonly auto?: true
  readonly probeEvery: number
  readonly quiet?: true
  readonly probe: boolean
}

const EXAMPLES = `
Examples:
  netroot serve dhcp --interface eth1 --range 10.0.0.100-10.0.0.200
  netroot serve dhcp --interface eth1 --range 10.0.0.100-10.0.0.200 --router 10.0.0.1 --dns 10.0.0.1 \\
      --boot-file bios=undionly.kpxe --boot-file uefi=snponly.efi --boot-file ipxe=http://10.0.0.1/boot.ipxe
  netroot serve dhcp --interface eth1 --range 10.0.0.100-10.0.0.200 --interface eth2 --range 10.1.0.100-10.1.0.200 \\
      --relayed 10.9.0.0/24=10.9.0.100-10.9.0.199,10.9.0.1
  netroot serve dhcp --interface eth1 --range 10.0.0.100-10.0.0.200 --state /var/lib/netroot/leases`

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
    .option('--next-server <address|name>', 'where the boot files are, if not here; a name is looked up at the start')
    .option('--boot-file <[whom=]file>', `boot file, ${FOR_WHOM}`, bootFile)
    .option('--state <file>', 'keep leases in this file (without it they are forgotten at the end)')
    .option('--proxy', 'leave addresses to another server of the network, and say only what to boot (proxyDHCP)')
    .option('--auto', 'the same for as long as another server answers, which is looked for all the time')
    .option('--probe-every <seconds>', 'how often --auto looks for another server', positiveSeconds, 20)
    .option('--quiet', 'print warnings and errors, not each message')
    .option('--no-probe', 'do not look by ARP whether an address is in use before it is offered')
    .addHelpText('after', EXAMPLES)
    .action(serve)
}

async function serve(flags: Flags): Promise<void> {
  const networks = await checkedNetworks(flags)
  const log = stderrLogger(flags.quiet === true ? 'warn' : 'info')
  const subnets: ServedSubnet[] = [
    ...networks.map((network) => ({ ...network, network: network.server })),
    ...(flags.relayed ?? []),
  ]
  const nextServer = flags.nextServer === undefined ? undefined : await nextServerAddress(flags.nextServer)
  const answer = answerBy(flags, nextServer, subnets)
  await using servers = new AsyncDisposableStack()
  const leases = await openPool(flags.state, subnets, servers)
  const others = await lookForOthers(flags, networks, log)
  for (const one of others.values()) servers.use(one)
  for (const { interface: name, server } of networks) {
    const other = others.get(name)
    servers.use(
      await DhcpServer.listen({
        interface: name,
        serverAddress: server.address,
        leases,
        answer,
        ...(flags.probe ? { checked: server } : {}),
        ...(other === undefined ? {} : { role: () => other.role() }),
        ...(flags.proxy === true ? { role: () => 'proxy' as const } : {}),
        onExchange: (exchange) => tell(exchange, log, other),
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

async function openPool(
  state: string | undefined,
  subnets: readonly Subnet[],
  open: AsyncDisposableStack,
): Promise<SubnetLeases> {
  return state === undefined ? new SubnetLeases({ subnets }) : open.use(await openLeases(state, { subnets })).leases
}

interface ServedSubnet extends Subnet {
  readonly router?: Ipv4
}

/** The same answer for everybody in a network, but for the boot file. */
function answerBy(flags: Flags, nextServer: Ipv4 | undefined, subnets: readonly ServedSubnet[]): AnswerClient {
  const { domain, dns = [], bootFile: rules = [] } = flags
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

/** By interface; nothing without `--auto`. */
async function lookForOthers(
  { auto, probeEvery }: Flags,
  networks: readonly DhcpNetwork[],
  log: Logger,
): Promise<ReadonlyMap<string, OtherServers>> {
  const found = new Map<string, OtherServers>()
  if (auto !== true) return found
  const interfaces = await listInterfaces()
  for (const { interface: name, server } of networks) {
    const mac = interfaces.find((one) => one.name === name)?.mac
    if (mac === undefined) continue
    const options = { interface: name, own: server.address, mac, log, everyMs: probeEvery * 1000 }
    found.set(name, await OtherServers.listen(options))
  }
  return found
}

function tell(exchange: DhcpExchange, log: Logger, others: OtherServers | undefined): void {
  const { outcome } = exchange
  if (outcome.kind === 'ignored' && outcome.server !== undefined) others?.heard(outcome.server)
  log.info(describeExchange(exchange), { mac: exchange.client.mac })
}

function describeExchange({ received: type, outcome }: DhcpExchange): string {
  const received = type ?? 'message'
  switch (outcome.kind) {
    case 'offered':
      return `${received}: offered ${outcome.address}`
    case 'acknowledged':
      return `${received} (${outcome.state}): ${outcome.address} for ${outcome.leaseSeconds} s`
    case 'boot-offered':
      return `${received}: boot file ${outcome.answer.bootFile} beside another server's address`
    case 'denied':
      return `${received}: denied, ${outcome.text}`
    case 'ignored':
    case 'failed':
      return `${received}: no answer, ${outcome.text}`
    default:
      return `${received}: ${outcome.address}`
  }
}
