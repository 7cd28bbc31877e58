import type { Config } from '../config/schema.ts'
import type { DhcpExchange } from '../protocols/dhcp/exchange.ts'
import { OtherServers } from '../protocols/dhcp/other-servers.ts'
import { DhcpServer, type DhcpServerOptions } from '../protocols/dhcp/server.ts'
import type { DhcpRole } from '../protocols/dhcp/session.ts'
import { listInterfaces } from '../sys/interfaces.ts'
import type { Logger } from '../sys/log.ts'

export interface DhcpServiceOptions
  extends Pick<DhcpServerOptions, 'interface' | 'serverAddress' | 'leases' | 'answer' | 'hasMenus'> {
  readonly dhcp: Config['dhcp']
  readonly checked: NonNullable<DhcpServerOptions['checked']>
  readonly onExchange: (exchange: DhcpExchange) => void
  readonly log: Logger
}

/**
 * Starts DHCP on one interface, as `dhcp:` says: as the server, beside another one, or as whichever is needed.
 *
 * @throws {BindError} if a port is taken or not allowed
 */
export async function startDhcpService({ dhcp, ...options }: DhcpServiceOptions): Promise<AsyncDisposable> {
  await using open = new AsyncDisposableStack()
  if (dhcp === 'off') return open.move()
  const others = dhcp === 'auto' ? await lookForOthers(options) : undefined
  if (others !== undefined) open.use(others)
  const role = dhcp === 'proxy' ? (): DhcpRole => 'proxy' : others === undefined ? undefined : () => others.role()
  open.use(
    await DhcpServer.listen({
      ...options,
      ...(role === undefined ? {} : { role }),
      onExchange: (exchange) => {
        const { outcome } = exchange
        if (outcome.kind === 'ignored' && outcome.server !== undefined) others?.heard(outcome.server)
        options.onExchange(exchange)
      },
    }),
  )
  return open.move()
}

/** Nothing where it cannot be done: then we are the server, and the story of each boot names the other one. */
async function lookForOthers({
  interface: name,
  serverAddress: own,
  log,
}: Omit<DhcpServiceOptions, 'dhcp'>): Promise<OtherServers | undefined> {
  const mac = (await listInterfaces()).find((one) => one.name === name)?.mac
  if (mac === undefined) return undefined
  try {
    return await OtherServers.listen({ interface: name, own, mac, log })
  } catch (error) {
    log.warn(`cannot look for other DHCP servers on ${name}: UDP port 68 is not to be had`, { error })
    return undefined
  }
}
