import { ConfigError } from '../config/error.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Config, ConfiguredNetwork } from '../config/schema.ts'
import { type Cidr, contains, networkOf } from '../net/cidr.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import { checkDhcpNetwork, checkRelayedNetwork, DhcpNetworkError } from '../protocols/dhcp/network.ts'
import type { Subnet } from '../protocols/dhcp/subnet-leases.ts'
import type { NetworkInterface } from '../sys/interfaces.ts'

/** What machines of one network are told of it. */
export type NetworkSettings = Pick<Config, 'lease' | 'router' | 'dns' | 'domain' | 'ntp'>

/** A network whose machines are served. */
export interface AnsweredNetwork extends Subnet {
  readonly settings: NetworkSettings
  /** Absent for one behind relays. */
  readonly attached?: { readonly interface: string; readonly address: Ipv4 }
}

/**
 * What `networks:` says, checked against the interfaces of this host.
 *
 * @throws {ConfigError} with the place in the file, if there is no such interface, it is down or served already, or
 *   addresses lie outside its network
 */
export function moreNetworks(loaded: LoadedConfig, interfaces: readonly NetworkInterface[]): AnsweredNetwork[] {
  const { config } = loaded
  const taken = new Set([config.interface])
  return config.networks.map((one, index) => {
    if (one.interface !== undefined && taken.has(one.interface)) {
      throw problem(loaded, index, 'interface', `interface: ${one.interface} is served already, want another`)
    }
    if (one.interface !== undefined) taken.add(one.interface)
    try {
      return { ...placed(one, interfaces), range: one.range, settings: settingsOf(config, one) }
    } catch (error) {
      if (!(error instanceof DhcpNetworkError)) throw error
      throw problem(loaded, index, KEYS[error.field], error.message)
    }
  })
}

/** The network that stands at the top of the file. */
export function firstNetwork(
  config: Config,
  attached: { readonly interface: string; readonly server: Cidr },
): AnsweredNetwork {
  const { interface: name, server } = attached
  return {
    network: server,
    range: config.range,
    settings: config,
    attached: { interface: name, address: server.address },
  }
}

const KEYS = { interface: 'interface', serverAddress: 'address', range: 'range', fixed: 'router' } as const

function placed(one: ConfiguredNetwork, interfaces: readonly NetworkInterface[]): Omit<AnsweredNetwork, 'settings'> {
  const range = `${one.range.first}-${one.range.last}`
  if (one.interface === undefined) {
    const network = one.relayed ?? { address: one.range.first, prefix: 32 }
    checkRelayedNetwork(network, one.range, one.router)
    return { network }
  }
  const own = one.address === undefined ? {} : { serverAddress: one.address }
  const { server } = checkDhcpNetwork({ interface: one.interface, range, ...own }, interfaces)
  if (one.router !== undefined && !contains(server, one.router)) {
    const words = `${networkOf(server)}/${server.prefix}, the network of ${one.interface}`
    throw new DhcpNetworkError('fixed', `router: ${one.router} is outside ${words}`)
  }
  return { network: server, attached: { interface: one.interface, address: server.address } }
}

/** What a network does not say itself counts as at the top, but for the router, which is of one network. */
function settingsOf(config: Config, { lease, router, dns, domain, ntp }: ConfiguredNetwork): NetworkSettings {
  const shared = domain ?? config.domain
  return {
    lease: lease ?? config.lease,
    dns: dns ?? config.dns,
    ntp: ntp ?? config.ntp,
    ...(router === undefined ? {} : { router }),
    ...(shared === undefined ? {} : { domain: shared }),
  }
}

function problem({ file, source }: LoadedConfig, index: number, key: string, text: string): ConfigError {
  return new ConfigError(file, [source.atValue(['networks', index, key], text)])
}
