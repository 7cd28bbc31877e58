import { Command } from 'commander'
import { openLeaseStore } from '../fleet/leases.ts'
import { type Cidr6, isIpv6, parseCidr6, parseIpv6 } from '../net/ipv6.ts'
import type { Mac } from '../net/mac.ts'
import type { AnswerClient6, Dhcp6Exchange } from '../protocols/dhcp6/exchange.ts'
import { duidOfMac } from '../protocols/dhcp6/duid.ts'
import { Dhcp6Leases, type Subnet6 } from '../protocols/dhcp6/leases.ts'
import { checkRange6, Dhcp6NetworkError, parseRange6, serverAddress6 } from '../protocols/dhcp6/network.ts'
import { Dhcp6Server } from '../protocols/dhcp6/server.ts'
import { listInterfaces } from '../sys/interfaces.ts'
import { settledIpv6 } from '../sys/ipv6-addresses.ts'
import { type Logger, stderrLogger } from '../sys/log.ts'
import { steadyNow } from '../sys/steady-clock.ts'
import { UsageError } from './failure.ts'
import { serveUntilSignal } from './listen.ts'
import { leaseSeconds } from './serve-dhcp-flags.ts'

interface Flags {
  readonly interface: string
  readonly prefix: Cidr6
  readonly range?: { readonly first: string; readonly last: string }
  readonly relayed?: readonly Subnet6[]
  readonly dns?: readonly string[]
  readonly domain?: string
  readonly lease: number
  readonly bootFile?: readonly Rule[]
  readonly state?: string
  readonly quiet?: true
}

/** A boot file, and the architecture that it is for; without one for the rest. */
interface Rule {
  readonly for?: number | 'ipxe'
  readonly url: string
}

const EXAMPLES = `
Examples:
  netroot serve dhcp6 --interface eth1 --prefix fd77::/64 --range fd77::100-fd77::1ff
  netroot serve dhcp6 --interface eth1 --prefix fd77::/64 --range fd77::100-fd77::1ff \\
      --boot-file arch:7=tftp://[fd77::1]/snponly.efi --boot-file arch:16=http://[fd77::1]/snponly.efi \\
      --boot-file ipxe=http://[fd77::1]/boot.ipxe
  netroot serve dhcp6 --interface eth1 --prefix fd77::/64 --relayed fd79::/64=fd79::100-fd79::1ff`

/** `netroot serve dhcp6`: a DHCPv6 server for people who need just that. */
export function serveDhcp6Command(): Command {
  return new Command('dhcp6')
    .description('Give IPv6 addresses and boot files to the machines on one interface')
    .requiredOption('--interface <name>', 'the interface to serve')
    .requiredOption('--prefix <network>', 'its network, such as fd77::/64; the interface has an address of it', network)
    .option(
      '--range <first-last>',
      'addresses to give out; without them machines make their own, and ask for the rest',
      range,
    )
    .option('--relayed <network=first-last>', 'a network behind relays, and its addresses', relayed)
    .option('--dns <address...>', 'name server', addresses)
    .option('--domain <name>', 'domain name')
    .option('--lease <seconds>', 'how long a lease lasts', leaseSeconds, 3600)
    .option('--boot-file <[whom=]url>', 'boot file for arch:NUMBER (RFC 5970), for ipxe, or for all', bootFile)
    .option('--state <file>', 'keep leases in this file (without it they are forgotten at the end)')
    .option('--quiet', 'print warnings and errors, not each message')
    .addHelpText('after', EXAMPLES)
    .action(serve)
}

async function serve(flags: Flags): Promise<void> {
  const log = stderrLogger(flags.quiet === true ? 'warn' : 'info')
  const mac = (await listInterfaces()).find(({ name }) => name === flags.interface)?.mac
  if (mac === undefined) throw new UsageError(`There is no Ethernet interface "${flags.interface}" here`)
  const subnets = [{ network: flags.prefix, ...(flags.range === undefined ? {} : { range: flags.range }) }]
  const own = await ownAddress(flags)
  await using open = new AsyncDisposableStack()
  const kept = flags.state === undefined ? undefined : open.use(await openLeaseStore(flags.state))
  const leases = new Dhcp6Leases({
    subnets: [...subnets, ...(flags.relayed ?? [])],
    fixed: new Map([[mac, own]]), // nobody else is given it
    now: steadyNow,
    ...(kept === undefined ? {} : { store: kept.store }),
  })
  open.use(await listen(flags, { mac, own, leases, log }))
  await serveUntilSignal(open.move(), { host: `[${own}]`, port: 547 })
}

interface Ready {
  readonly mac: Mac
  readonly own: string
  readonly leases: Dhcp6Leases
  readonly log: Logger
}

function listen(flags: Flags, { mac, own, leases, log }: Ready): Promise<Dhcp6Server> {
  return Dhcp6Server.listen({
    interface: flags.interface,
    serverDuid: duidOfMac(mac),
    link: own,
    leases,
    answer: answerBy(flags),
    onExchange: (exchange) => log.info(describe(exchange), { client: exchange.key ?? exchange.client.duid }),
    log,
  })
}

async function ownAddress({ interface: name, prefix, range: pool }: Flags): Promise<string> {
  try {
    if (pool !== undefined) checkRange6(prefix, pool)
    return serverAddress6(name, prefix, await settledIpv6(name))
  } catch (cause) {
    throw cause instanceof Dhcp6NetworkError ? new UsageError(cause.message) : cause
  }
}

function answerBy({ lease, dns = [], domain, bootFile: rules = [] }: Flags): AnswerClient6 {
  return ({ isIpxe, architecture }) => {
    const kind = isIpxe ? 'ipxe' : architecture
    const own = rules.find((rule) => rule.for !== undefined && rule.for === kind)
    const file = (own ?? rules.find((rule) => rule.for === undefined))?.url
    return {
      leaseSeconds: lease,
      nameServers: dns,
      ...(domain === undefined ? {} : { domainSearch: [domain] }),
      ...(file === undefined ? {} : { bootFile: file }),
    }
  }
}

function describe({ received = 'information-request', outcome }: Dhcp6Exchange): string {
  switch (outcome.kind) {
    case 'offered':
      return `${received}: offered ${outcome.address}`
    case 'leased':
      return `${received}: ${outcome.address} for ${outcome.leaseSeconds} s`
    case 'informed':
      return `${received}: settings without an address`
    case 'denied':
      return `${received}: denied, ${outcome.text}`
    case 'ignored':
    case 'failed':
      return `${received}: no answer, ${outcome.text}`
    default:
      return `${received}: ${outcome.address ?? 'nothing'} ${outcome.kind}`
  }
}

/** What a function refuses becomes a refusal of the command line. */
function orUsage<T>(parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
}
function network(text: string): Cidr6 {
  return orUsage(() => parseCidr6(text))
}
function range(text: string) {
  return orUsage(() => parseRange6(text))
}
function addresses(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, ...text.split(',').map((one) => orUsage(() => parseIpv6(one)))]
}
function relayed(text: string, earlier: readonly Subnet6[] = []): readonly Subnet6[] {
  const [prefix = '', pool = ''] = text.split('=')
  const one = { network: network(prefix), range: range(pool) }
  orUsage(() => checkRange6(one.network, one.range))
  return [...earlier, one]
}
function bootFile(text: string, earlier: readonly Rule[] = []): readonly Rule[] {
  const [, whom, number, url = text] = /^(?:(ipxe)|arch:(\d{1,5}))=(.*)$/.exec(text) ?? []
  if (!/^\w+:\/\//.test(url) || isIpv6(url)) {
    throw new UsageError(`Cannot use boot file "${text}", want a URL such as tftp://[fd77::1]/snponly.efi`)
  }
  if (whom !== undefined) return [...earlier, { for: 'ipxe', url }]
  return [...earlier, number === undefined ? { url } : { for: Number(number), url }]
}
