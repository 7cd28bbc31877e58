import { stringify } from 'yaml'
import { defaultProfileName } from '../config/effective.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { type Cidr, contains, networkOf } from '../net/cidr.ts'
import { type Ipv4, ipv4FromNumber, ipv4ToNumber } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import { UsageError } from './failure.ts'

/** What a configuration says, moved onto a private network with one virtual machine on it. */
export interface TryPlan {
  /** The text of a netroot.yaml that serves `br0`. */
  readonly config: string
  /** The server's address there, with its prefix length. */
  readonly address: string
  /** The client's own; none for a machine nobody named. */
  readonly mac?: Mac
  /** What is tried, for people. */
  readonly title: string
}

type Mapping = Record<string, unknown>

/** So that the prompt can be seen: a serial console beside the screen. */
const CONSOLES = ['console=tty0', 'console=ttyS0']

/**
 * Plans to try a client or a profile, or without a name the default profile: the configuration as it is, but for the
 * interface, the server's address, the ports, who serves NFS, and a serial console.
 *
 * @throws {UsageError} if there is neither a client nor a profile of that name
 */
export function planTry({ config, source }: LoadedConfig, name: string | undefined): TryPlan {
  const data = source.toData() as Mapping
  const network = networkFor(config)
  const client = name === undefined ? undefined : config.clients[name]
  const changed: Mapping = {
    ...data,
    interface: 'br0',
    address: network.address,
    ports: undefined,
    nfs: undefined,
    unknown: 'boot',
  }
  if (client !== undefined && name !== undefined) {
    changed['clients'] = withConsoles(data['clients'] as Mapping, name)
    return { ...textOf(changed, network), mac: client.mac, title: `client ${name}` }
  }
  const profile = profileOf(config, name)
  changed['profiles'] = withConsoles(data['profiles'] as Mapping, profile)
  changed['default'] = profile
  return { ...textOf(changed, network), title: `profile ${profile}, a machine nobody named` }
}

function profileOf({ clients, profiles, ...rest }: Config, name: string | undefined): string {
  const wanted = name ?? defaultProfileName({ profiles, ...rest })
  if (wanted !== undefined && profiles[wanted] !== undefined) return wanted
  const known = `clients ${Object.keys(clients).join(', ') || 'none'}; profiles ${Object.keys(profiles).join(', ')}`
  throw new UsageError(`Cannot try ${wanted ?? 'anything'}: it is neither a client nor a profile; there are ${known}`)
}

function withConsoles(all: Mapping, name: string): Mapping {
  const one = (all[name] ?? {}) as Mapping
  const words = [one['cmdline'] ?? []].flat() as string[]
  return { ...all, [name]: { ...one, cmdline: [...words, ...CONSOLES] } }
}

function textOf(data: Mapping, { address, prefix }: Cidr): { config: string; address: string } {
  return { config: stringify(data), address: `${address}/${prefix}` }
}

/** A network that holds every address of the configuration, and in it one for the server that is nobody else's. */
function networkFor(config: Config): Cidr {
  const fixed = Object.values(config.clients).flatMap(({ address }) => (address === undefined ? [] : [address]))
  const { first, last } = config.range
  const all = [first, last, ...fixed, ...[config.router, config.address].filter((one) => one !== undefined)]
  let prefix = 24
  while (prefix > 8 && !all.every((address) => contains({ address: first, prefix }, address))) prefix -= 1
  return { address: config.address ?? freeAddress({ address: first, prefix }, config, fixed), prefix }
}

function freeAddress(network: Cidr, { range, router }: Config, fixed: readonly Ipv4[]): Ipv4 {
  const taken = new Set([...fixed, router])
  const [first, last] = [ipv4ToNumber(range.first), ipv4ToNumber(range.last)]
  let number = ipv4ToNumber(networkOf(network)) + 1
  while (taken.has(ipv4FromNumber(number)) || (number >= first && number <= last)) number += 1
  return ipv4FromNumber(number)
}
