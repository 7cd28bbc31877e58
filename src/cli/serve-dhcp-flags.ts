import { type Cidr, parseCidr } from '../net/cidr.ts'
import { type Ipv4, isIpv4 } from '../net/ipv4.ts'
import type { DhcpClient } from '../protocols/dhcp/client.ts'
import { type ClientClass, isOfClass } from '../protocols/dhcp/client-class.ts'
import type { AddressRange } from '../protocols/dhcp/lease-pool.ts'
import { checkRelayedNetwork, DhcpNetworkError, parseRange } from '../protocols/dhcp/network.ts'
import { UsageError } from './failure.ts'

/** A network behind relays. */
export interface RelayedNetwork {
  readonly network: Cidr
  readonly range: AddressRange
  readonly router?: Ipv4
}

/** A boot file, and the clients it is for. */
export interface BootFileRule {
  /** Absent for the rest. */
  readonly isFor?: (client: DhcpClient) => boolean
  readonly file: string
}

/** Kinds of client that can be given a boot file of their own. */
export const KINDS = ['bios', 'uefi', 'uefi-http', 'ipxe'] as const

/** Reads one more `A,B` after those that came before. @throws {UsageError} */
export function addresses(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, ...text.split(',').map(oneAddress)]
}

/** @throws {UsageError} if it is none */
function oneAddress(text: string): string {
  if (!isIpv4(text)) throw new UsageError(`Cannot read address "${text}", want four octets such as 10.0.0.1`)
  return text
}

/** @throws {UsageError} if it is no number of seconds, or less than a minute */
export function leaseSeconds(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : 0
  if (seconds < 60 || seconds > 4_294_967_294) {
    throw new UsageError(`Cannot use lease "${text}", want a number of seconds from 60 on`)
  }
  return seconds
}

/** @throws {UsageError} if it is no number of seconds from 1 on */
export function positiveSeconds(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new UsageError(`Cannot read "${text}", want a number of seconds from 1 on`)
}

/** A word more of an option that may be given several times. */
export function oneMore(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text]
}

/**
 * Reads `10.9.0.0/24=10.9.0.100-10.9.0.199,10.9.0.1`: network, range, router.
 *
 * @throws {UsageError} if it is not of this form, or range or router are outside the network
 */
export function relayedNetwork(text: string, earlier: readonly RelayedNetwork[] = []): readonly RelayedNetwork[] {
  const [, cidr = '', range = '', router] = /^([^=]*)=([^,]*)(?:,(.*))?$/.exec(text) ?? []
  try {
    const network = parseCidr(cidr)
    const parsed = {
      network,
      range: parseRange(range),
      ...(router === undefined ? {} : { router: oneAddress(router) }),
    }
    checkRelayedNetwork(network, parsed.range, router)
    return [...earlier, parsed]
  } catch (cause) {
    if (cause instanceof UsageError || cause instanceof DhcpNetworkError) throw new UsageError(cause.message)
    throw new UsageError(
      `Cannot read "${text}", want NETWORK=FIRST-LAST[,ROUTER] such as 10.9.0.0/24=10.9.0.100-10.9.0.199,10.9.0.1`,
    )
  }
}

/** Reads `[KIND=]FILE`, `arch:7=FILE`, `vendor:TEXT=FILE`, `user:TEXT=FILE`, `uuid:TEXT=FILE`. @throws {UsageError} */
export function bootFile(text: string, earlier: readonly BootFileRule[] = []): readonly BootFileRule[] {
  const [, field, value = '', file = ''] = /^(arch|vendor|user|uuid):([^=]*)=(.+)$/.exec(text) ?? []
  const kind = KINDS.find((name) => text.startsWith(`${name}=`))
  if (field !== undefined) {
    const wanted = classOf(field, value)
    return [...earlier, { isFor: (client) => isOfClass(client, wanted), file }]
  }
  if (kind === undefined) return [...earlier, { file: text }]
  return [...earlier, { isFor: (client) => kindOf(client) === kind, file: text.slice(kind.length + 1) }]
}

/** The file of the first rule that is for this client, else the first one for all. */
export function bootFileFor(rules: readonly BootFileRule[], client: DhcpClient): string | undefined {
  const own = rules.find(({ isFor }) => isFor?.(client) === true)
  return (own ?? rules.find(({ isFor }) => isFor === undefined))?.file
}

function classOf(field: string, value: string): ClientClass {
  if (field === 'vendor') return { vendorClass: value }
  if (field === 'user') return { userClass: value }
  if (field === 'uuid') return { uuid: value }
  if (/^\d{1,5}$/.test(value)) return { architectures: [Number(value)] }
  throw new UsageError(`Cannot read architecture "${value}", want a number of DHCP option 93 such as 7`)
}

function kindOf({ isIpxe, firmware, architecture = 0 }: DhcpClient): (typeof KINDS)[number] {
  if (isIpxe) return 'ipxe'
  if (firmware === 'http') return 'uefi-http'
  return architecture === 0 ? 'bios' : 'uefi'
}
