import { checkAgainstNetwork } from '../config/network.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Cidr } from '../net/cidr.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import { checkDhcpNetwork } from '../protocols/dhcp/network.ts'
import { listInterfaces } from '../sys/interfaces.ts'

/** The network on which machines are served. */
export interface ServedNetwork {
  readonly interface: string
  /** The server's own address, with the length of the network's prefix. */
  readonly server: Cidr
  /** Addresses that are not of the pool: those of known machines, and the server's own. */
  readonly fixed: ReadonlyMap<Mac, Ipv4>
}

/**
 * Finds the interface that the configuration names and checks its addresses against it.
 *
 * @throws {DhcpNetworkError} if there is no such interface, or it is down or has no address
 * @throws {ConfigError} with the place in the file, if addresses lie outside its network
 */
export async function servedNetwork(loaded: LoadedConfig): Promise<ServedNetwork> {
  const { config } = loaded
  const interfaces = await listInterfaces()
  const wish = {
    interface: config.interface,
    ...(config.address === undefined ? {} : { serverAddress: config.address }),
  }
  const { interface: name, server } = checkDhcpNetwork(wish, interfaces)
  checkAgainstNetwork(loaded, server)
  const own = interfaces.find((one) => one.name === name)?.mac
  const named = Object.values(config.clients).flatMap(({ mac, address }) =>
    address === undefined ? [] : [[mac, address] as const],
  )
  return {
    interface: name,
    server,
    fixed: new Map([...named, ...(own === undefined ? [] : [[own, server.address] as const])]),
  }
}
