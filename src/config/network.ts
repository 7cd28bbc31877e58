import { broadcastOf, type Cidr, contains, networkOf } from '../net/cidr.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { ConfigProblem } from './error.ts'
import { type LoadedConfig, refuseIfAny } from './load.ts'
import type { Config, ConfiguredNetwork } from './schema.ts'
import type { ConfigPath } from './yaml-source.ts'

/**
 * Checks addresses against the network of the interface, which only the running server knows: range, router and fixed
 * addresses must lie in it, and no machine may have the server's address.
 *
 * @param network the address of the interface, with the length of its prefix
 * @param others those of `networks:`; without them what lies in none that is known is not refused
 * @throws {ConfigError} with every mistake
 */
export function checkAgainstNetwork(loaded: LoadedConfig, network: Cidr, others?: readonly Cidr[]): void {
  const { config, file, source } = loaded
  const problems: ConfigProblem[] = []
  const check = (path: ConfigPath, address: Ipv4 | undefined, home = network): void => {
    const fault = address === undefined ? undefined : faultOf(address, home)
    if (fault !== undefined) problems.push(source.atValue(path, `${String(path.at(-1))}: ${fault}`))
  }
  check(
    ['range'],
    [config.range.first, config.range.last].find((end) => faultOf(end, network, true) !== undefined),
  )
  check(['router'], config.router === network.address ? undefined : config.router)
  if (config.address !== undefined && config.address !== network.address) check(['address'], config.address)
  for (const [name, { address }] of Object.entries(config.clients)) {
    const home = address === undefined ? undefined : homeOf(address, [network, ...(others ?? relayedIn(config))])
    const mayBeElsewhere = home === undefined && others === undefined && config.networks.some(isAtInterface)
    if (!mayBeElsewhere) check(['clients', name, 'address'], address, home)
  }
  refuseIfAny(file, problems)
}

function homeOf(address: Ipv4, networks: readonly Cidr[]): Cidr | undefined {
  return networks.find((network) => contains(network, address))
}
function relayedIn({ networks }: Config): Cidr[] {
  return networks.flatMap(({ relayed }) => relayed ?? [])
}
function isAtInterface({ relayed }: ConfiguredNetwork): boolean {
  return relayed === undefined
}

/** What is wrong with an address for a machine; the server's own may lie in a range, from which it is left out. */
function faultOf(address: Ipv4, network: Cidr, inRange = false): string | undefined {
  const words = `${networkOf(network)}/${network.prefix}`
  if (!contains(network, address)) return `${address} is outside the network ${words} of the interface`
  if (address === networkOf(network)) return `${address} is the network ${words} itself, want an address of a machine`
  if (address === broadcastOf(network)) return `${address} is the broadcast address of ${words}, want that of a machine`
  if (!inRange && address === network.address) return `${address} is the server's own address, want another`
  return undefined
}
