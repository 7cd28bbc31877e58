import type { LoadedConfig } from '../config/load.ts'
import { leases6Path } from '../config/paths.ts'
import type { Config } from '../config/schema.ts'
import { openLeaseStore } from '../fleet/leases.ts'
import type { Ipv6 } from '../net/ipv6.ts'
import type { Mac } from '../net/mac.ts'
import { duidOfMac } from '../protocols/dhcp6/duid.ts'
import { Dhcp6Leases } from '../protocols/dhcp6/leases.ts'
import { Dhcp6Server } from '../protocols/dhcp6/server.ts'
import { steadyNow } from '../sys/steady-clock.ts'
import { dhcp6Answers } from './dhcp6-answers.ts'
import { dhcp6Story } from './dhcp6-story.ts'
import type { Live } from './live.ts'
import { type Ipv6Network, ipv6Networks } from './ipv6-networks.ts'

export interface Ipv6Options {
  readonly loaded: LoadedConfig
  readonly live: Live
  readonly stateDirectory: string
  /** Starts what machines fetch from, at the server's address in one network, before any machine is told of it. */
  readonly serveFiles: (address: Ipv6) => Promise<void>
}

/**
 * Starts what netroot.yaml says of IPv6; nothing where it says nothing.
 *
 * @throws {ConfigError} if an interface has no address of its network; {BindError} if a port is taken
 */
export async function startIpv6(options: Ipv6Options, open: AsyncDisposableStack): Promise<Dhcp6Leases | undefined> {
  const { loaded, live, stateDirectory } = options
  const networks = await ipv6Networks(loaded, live.now.network.networks)
  if (networks.length === 0) return undefined
  const { store } = open.use(await openLeaseStore(leases6Path(stateDirectory)))
  const own = new Map(
    networks.flatMap(({ attached }) => (attached === undefined ? [] : [[attached.mac, attached.address] as const])),
  )
  const fixed = namedAddresses(loaded.config)
  const leases = new Dhcp6Leases({ subnets: networks, own, fixed, store, now: steadyNow })
  for (const { attached } of networks) {
    if (attached === undefined) continue
    await options.serveFiles(attached.address)
    open.use(await listen(live, networks, attached, leases))
  }
  return leases
}

/** The IPv6 addresses of machines that have a name, by MAC address. */
export function namedAddresses({ clients }: Config): Map<Mac, Ipv6> {
  const named = Object.values(clients).flatMap(({ mac, address6 }) =>
    address6 === undefined ? [] : [[mac, address6] as const],
  )
  return new Map(named)
}

function listen(
  live: Live,
  networks: readonly Ipv6Network[],
  { interface: name, mac, address }: NonNullable<Ipv6Network['attached']>,
  leases: Dhcp6Leases,
): Promise<Dhcp6Server> {
  const { story, log } = live.now.services
  const refusesIpxe = (machine: Mac): boolean => story.refusesIpxe(machine)
  return Dhcp6Server.listen({
    interface: name,
    serverDuid: duidOfMac(mac),
    link: address,
    leases,
    answer: (client, asked) => {
      const { server } = live.at(address).services
      return dhcp6Answers(live.now.config, server, networks, refusesIpxe)(client, asked)
    },
    onExchange: dhcp6Story(story),
    log: log.child({ service: 'dhcp6' }),
  })
}
