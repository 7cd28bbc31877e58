import { checkAgainstNetwork } from '../config/network.ts'
import { ConfigError } from '../config/error.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { type Cidr, contains } from '../net/cidr.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import { checkDhcpNetwork, type DhcpNetwork, DhcpNetworkError } from '../protocols/dhcp/network.ts'
import { type AnsweredNetwork, firstNetwork, moreNetworks } from './dhcp-networks.ts'
import { listInterfaces, type NetworkInterface } from '../sys/interfaces.ts'

/** The network on which machines are served. */
export interface ServedNetwork {
  readonly interface: string
  /** The server's own address, with the length of the network's prefix. */
  readonly server: Cidr
  /** Addresses that are not of the pool: those of known machines, and the server's own. */
  readonly fixed: ReadonlyMap<Mac, Ipv4>
  /** All networks whose machines are served, this one first. */
  readonly networks: readonly AnsweredNetwork[]
}

/**
 * Finds the interface that the configuration names and checks its addresses against it.
 *
 * @throws {ConfigError} with the place in the file, if there is no such interface, it is down or has no address, or
 *   addresses lie outside its network
 */
export async function servedNetwork(loaded: LoadedConfig): Promise<ServedNetwork> {
  const { config } = loaded
  const interfaces = await listInterfaces()
  const { interface: name, server } = checkedNetwork(loaded, interfaces)
  const more = moreNetworks(loaded, interfaces)
  checkAgainstNetwork(
    loaded,
    server,
    more.map(({ network }) => network),
  )
  const own = interfaces.find((one) => one.name === name)?.mac
  const named = Object.values(config.clients).flatMap(({ mac, address }) =>
    address === undefined ? [] : [[mac, address] as const],
  )
  return {
    interface: name,
    server,
    fixed: new Map([...named, ...(own === undefined ? [] : [[own, server.address] as const])]),
    networks: [firstNetwork(config, { interface: name, server }), ...more],
  }
}

function checkedNetwork({ config, file, source }: LoadedConfig, interfaces: readonly NetworkInterface[]): DhcpNetwork {
  const serverAddress = config.address ?? addressInRange(config, interfaces)
  const wish = { interface: config.interface, ...(serverAddress === undefined ? {} : { serverAddress }) }
  try {
    return checkDhcpNetwork(wish, interfaces)
  } catch (error) {
    if (!(error instanceof DhcpNetworkError)) throw error
    const key = error.field === 'serverAddress' ? 'address' : 'interface'
    throw new ConfigError(file, [source.atValue([key], error.message)])
  }
}

/** Of several addresses of the interface, the one in whose network the range is. */
function addressInRange({ interface: name, range }: Config, interfaces: readonly NetworkInterface[]): Ipv4 | undefined {
  const { addresses = [] } = interfaces.find((one) => one.name === name) ?? {}
  return addresses.find((own) => contains(own, range.first))?.address
}
