import { ConfigError } from '../config/error.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { ConfiguredIpv6 } from '../config/schema.ts'
import type { ConfigPath } from '../config/yaml-source.ts'
import { type Cidr6, contains6, type Ipv6 } from '../net/ipv6.ts'
import type { Mac } from '../net/mac.ts'
import type { Subnet6 } from '../protocols/dhcp6/leases.ts'
import { checkRange6, Dhcp6NetworkError, serverAddress6 } from '../protocols/dhcp6/network.ts'
import { listInterfaces } from '../sys/interfaces.ts'
import { settledIpv6 } from '../sys/ipv6-addresses.ts'
import type { AnsweredNetwork } from './dhcp-networks.ts'

/** A network whose machines boot over IPv6. */
export interface Ipv6Network extends Subnet6 {
  readonly lease: number
  readonly domain?: string
  readonly dns: readonly Ipv6[]
  readonly ntp: readonly Ipv6[]
  /** Absent for one behind relays. */
  readonly attached?: { readonly interface: string; readonly mac: Mac; readonly address: Ipv6 }
}

/**
 * What `ipv6:` says at the top of netroot.yaml and in `networks:`, checked against the interfaces of this host.
 *
 * @param networks those of IPv4, in the same order
 * @throws {ConfigError} with the place in the file, if an interface has no such address, or addresses lie outside
 */
export async function ipv6Networks(
  loaded: LoadedConfig,
  networks: readonly AnsweredNetwork[],
): Promise<readonly Ipv6Network[]> {
  const { config } = loaded
  const wishes = [
    { ipv6: config.ipv6, path: ['ipv6'] },
    ...config.networks.map(({ ipv6 }, index) => ({ ipv6, path: ['networks', index, 'ipv6'] })),
  ]
  const found: Ipv6Network[] = []
  for (const [index, { ipv6, path }] of wishes.entries()) {
    const network = networks[index]
    if (ipv6 !== undefined && network !== undefined) found.push(await placed(loaded, network, ipv6, path))
  }
  checkClients(loaded, found)
  return found
}

async function placed(
  { file, source }: LoadedConfig,
  { attached, settings }: AnsweredNetwork,
  { prefix, range, address, dns, ntp }: ConfiguredIpv6,
  path: ConfigPath,
): Promise<Ipv6Network> {
  const { lease, domain } = settings
  const known = { network: prefix, lease, dns, ntp, ...(domain === undefined ? {} : { domain }) }
  const pool = range === undefined ? {} : { range }
  try {
    if (range !== undefined) checkRange6(prefix, range)
    if (attached === undefined) return { ...known, ...pool }
    return { ...known, ...pool, attached: await attachedAt(attached.interface, prefix, address) }
  } catch (error) {
    if (!(error instanceof Dhcp6NetworkError)) throw error
    throw new ConfigError(file, [source.atValue([...path, error.field], error.message)])
  }
}

async function attachedAt(name: string, prefix: Cidr6, wanted: Ipv6 | undefined) {
  const address = serverAddress6(name, prefix, await settledIpv6(name), wanted)
  const mac = (await listInterfaces()).find((one) => one.name === name)?.mac
  if (mac === undefined) throw new Dhcp6NetworkError('prefix', `Cannot serve IPv6 on ${name}: it is no Ethernet`)
  return { interface: name, mac, address }
}

function checkClients({ config, file, source }: LoadedConfig, networks: readonly Ipv6Network[]): void {
  const problems = Object.entries(config.clients).flatMap(([name, { address6 }]) => {
    if (address6 === undefined || networks.some(({ network }) => contains6(network, address6))) return []
    const text = `address6: ${address6} is in no network that ipv6: serves`
    return [source.atValue(['clients', name, 'address6'], text)]
  })
  if (problems.length > 0) throw new ConfigError(file, problems)
}
