import { isDeepStrictEqual } from 'node:util'
import type { ServerAddresses } from '../boot/server-addresses.ts'
import { clientOf } from '../config/effective.ts'
import { type LoadedConfig, refuseIfAny } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { contains6, type IpAddress, isIpv6 } from '../net/ipv6.ts'
import type { Mac } from '../net/mac.ts'
import type { AnswerClient } from '../protocols/dhcp/answer.ts'
import type { BootServices } from './boot-services.ts'
import { dhcpAnswers } from './dhcp-answers.ts'
import type { ServedNetwork } from './network.ts'

/** One configuration in force, with what was made of it. */
export interface Served {
  readonly config: Config
  readonly network: ServedNetwork
  readonly services: BootServices
}

/** What machines are served at one of the server's addresses. */
export interface ServedThere {
  readonly services: BootServices
  readonly answer: AnswerClient
}

/**
 * The configuration in force. Sockets ask it anew for each packet and each request, so that another configuration takes
 * its place under running transfers and leases; what has begun ends as it began.
 */
export class Live {
  #served: Served
  readonly #there = new Map<IpAddress, ServedThere>()

  constructor(served: Served) {
    this.#served = served
  }

  get now(): Served {
    return this.#served
  }

  replace(served: Served): void {
    this.#served = served
    this.#there.clear()
  }

  /** The same services for machines that find the server at this address. */
  at(address: IpAddress): ServedThere {
    const there = this.#there.get(address) ?? this.#make(address)
    this.#there.set(address, there)
    return there
  }

  /** What netroot.yaml calls a machine; '' where it has no name. */
  readonly nameOf = (mac: Mac): string => clientOf(this.#served.config, mac)?.name ?? ''

  #make(address: IpAddress): ServedThere {
    const { config, network, services: first } = this.#served
    const server = serverAt(first.server, address, config)
    const services = address === first.server.address ? first : { ...first, server, plans: first.plans.at(server) }
    const refusesIpxe = (mac: Mac): boolean => services.story.refusesIpxe(mac)
    const classOf = (mac: Mac): string | undefined => services.story.current(mac)?.machine.class
    return { services, answer: dhcpAnswers(config, server, network.networks, refusesIpxe, classOf) }
  }
}

/** Over IPv6 no syslog is taken, and the initramfs asks for its address in another way. */
function serverAt(server: ServerAddresses, address: IpAddress, config: Config): ServerAddresses {
  if (!isIpv6(address)) return { ...server, address }
  const networks = [config.ipv6, ...config.networks.map(({ ipv6 }) => ipv6)]
  const here = networks.find((one) => one !== undefined && contains6(one.prefix, address))
  const { httpPort, nfsPort } = server
  return { address, httpPort, nfsPort, ipWord: here?.range === undefined ? 'auto6' : 'dhcp6' }
}

/** What sockets, pools and files were opened by: another value needs another process. */
const FIXED_AT_START = [
  'interface',
  'address',
  'range',
  'dhcp',
  'ipv6',
  'networks',
  'ports',
  'rpcbind',
  'nfs',
  'https',
  'atOnce',
  'store',
] as const

/**
 * Refuses what cannot be changed while it is served.
 *
 * @param portsOf the ports that are opened for some configurations only
 * @throws {ConfigError} with each such key and its place
 */
export function refuseUnchangeable(
  before: Config,
  { config, file, source }: LoadedConfig,
  portsOf: (config: Config) => readonly number[],
): void {
  const changed = FIXED_AT_START.filter((key) => !isDeepStrictEqual(before[key], config[key]))
  const open = new Set(portsOf(before))
  const wanted = portsOf(config).filter((port) => !open.has(port))
  refuseIfAny(file, [
    ...changed.map((key) => source.atKey([key], `${key}: is read at the start only; start netroot up again for it`)),
    ...wanted.map((port) =>
      source.atKey(['profiles'], `profiles: need port ${port} now; start netroot up again for it`),
    ),
  ])
}
