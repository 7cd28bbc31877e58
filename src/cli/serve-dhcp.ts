import { Command } from 'commander'
import { isIpv4 } from '../net/ipv4.ts'
import type { AnswerClient, DhcpAnswer } from '../protocols/dhcp/answer.ts'
import type { DhcpClient } from '../protocols/dhcp/client.ts'
import type { DhcpExchange } from '../protocols/dhcp/exchange.ts'
import { LeasePool } from '../protocols/dhcp/lease-pool.ts'
import { checkDhcpNetwork, type DhcpNetwork, DhcpNetworkError } from '../protocols/dhcp/network.ts'
import { DhcpServer } from '../protocols/dhcp/server.ts'
import { listInterfaces } from '../sys/interfaces.ts'
import { stderrLogger } from '../sys/log.ts'
import { UsageError } from './failure.ts'
import { serveUntilSignal } from './listen.ts'

interface Flags {
  readonly interface: string
  readonly range: string
  readonly serverAddress?: string
  readonly router?: readonly string[]
  readonly dns?: readonly string[]
  readonly domain?: string
  readonly lease: number
  readonly nextServer?: string
  readonly bootFile?: Readonly<Record<string, string>>
  readonly state?: string
}

/** Kinds of client that can be given a boot file of their own. */
const KINDS = ['bios', 'uefi', 'uefi-http', 'ipxe'] as const
const ANY_KIND = 'any'

const EXAMPLES = `
Examples:
  netroot serve dhcp --interface eth1 --range 10.0.0.100-10.0.0.200
  netroot serve dhcp --interface eth1 --range 10.0.0.100-10.0.0.200 --router 10.0.0.1 --dns 10.0.0.1 \\
      --boot-file bios=undionly.kpxe --boot-file uefi=snponly.efi --boot-file ipxe=http://10.0.0.1/boot.ipxe
  netroot serve dhcp --interface eth1 --range 10.0.0.100-10.0.0.200 --state /var/lib/netroot/leases.db`

/** `netroot serve dhcp`: a DHCP server for people who need just that. */
export function serveDhcpCommand(): Command {
  return new Command('dhcp')
    .description('Give addresses and boot files to the machines on one interface')
    .requiredOption('--interface <name>', 'the interface to serve')
    .requiredOption('--range <first-last>', 'addresses to give out, such as 10.0.0.100-10.0.0.200')
    .option('--server-address <address>', 'which address of the interface is the server’s, where it has several')
    .option('--router <address...>', 'default router', addresses)
    .option('--dns <address...>', 'name server', addresses)
    .option('--domain <name>', 'domain name')
    .option('--lease <seconds>', 'how long a lease lasts', leaseSeconds, 3600)
    .option('--next-server <address>', 'where the boot files are, if not here', oneAddress)
    .option('--boot-file <[kind=]file>', `boot file, for one kind of client or for all: ${KINDS.join(', ')}`, bootFile)
    .option('--state <file>', 'keep leases in this SQLite file (without it they are forgotten at the end)')
    .addHelpText('after', EXAMPLES)
    .action(serve)
}

async function serve(flags: Flags): Promise<void> {
  const network = await checkedNetwork(flags)
  const log = stderrLogger()
  const leases = await openPool(flags.state, network)
  const server = await DhcpServer.listen({
    interface: network.interface,
    serverAddress: network.server.address,
    leases,
    answer: answerBy(flags, network),
    onExchange: (exchange) => log.info(describeExchange(exchange), { mac: exchange.client.mac }),
    log,
  })
  await serveUntilSignal(server, { host: network.server.address, port: server.port })
}

async function checkedNetwork({ interface: name, range, serverAddress }: Flags): Promise<DhcpNetwork> {
  const own = serverAddress === undefined ? {} : { serverAddress }
  try {
    return checkDhcpNetwork({ interface: name, range, ...own }, await listInterfaces())
  } catch (cause) {
    throw cause instanceof DhcpNetworkError ? new UsageError(cause.message) : cause
  }
}

async function openPool(state: string | undefined, { range }: DhcpNetwork): Promise<LeasePool> {
  const options = range === undefined ? {} : { range }
  if (state === undefined) return new LeasePool(options)
  const [{ DatabaseSync }, { openLeases }] = await Promise.all([import('node:sqlite'), import('../fleet/leases.ts')])
  try {
    return openLeases(new DatabaseSync(state), options)
  } catch (cause) {
    throw new Error(`Cannot keep leases in ${state}`, { cause })
  }
}

/** The same answer for everybody, but for the boot file. */
function answerBy(flags: Flags, { server }: DhcpNetwork): AnswerClient {
  const common: DhcpAnswer = {
    prefix: server.prefix,
    leaseSeconds: flags.lease,
    routers: flags.router ?? [],
    nameServers: flags.dns ?? [],
    ...(flags.domain === undefined ? {} : { domainName: flags.domain }),
    ...(flags.nextServer === undefined ? {} : { nextServer: flags.nextServer }),
  }
  return (client) => {
    const file = flags.bootFile?.[kindOf(client)] ?? flags.bootFile?.[ANY_KIND]
    return file === undefined ? common : { ...common, bootFile: file }
  }
}

function kindOf({ isIpxe, firmware, architecture = 0 }: DhcpClient): (typeof KINDS)[number] {
  if (isIpxe) return 'ipxe'
  if (firmware === 'http') return 'uefi-http'
  return architecture === 0 ? 'bios' : 'uefi'
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

function addresses(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, ...text.split(',').map(oneAddress)]
}

function oneAddress(text: string): string {
  if (!isIpv4(text)) throw new UsageError(`Cannot read address "${text}", want four octets such as 10.0.0.1`)
  return text
}

function leaseSeconds(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : 0
  if (seconds < 60 || seconds > 4_294_967_294) {
    throw new UsageError(`Cannot use lease "${text}", want a number of seconds from 60 on`)
  }
  return seconds
}

function bootFile(text: string, earlier: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const kind = KINDS.find((name) => text.startsWith(`${name}=`))
  return kind === undefined ? { ...earlier, [ANY_KIND]: text } : { ...earlier, [kind]: text.slice(kind.length + 1) }
}
