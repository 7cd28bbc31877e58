import type { Config } from '../config/schema.ts'
import { SyslogServer } from '../protocols/syslog/server.ts'
import type { Logger } from '../sys/log.ts'
import type { BootStory } from './boot-story.ts'
import type { ServedNetwork } from './network.ts'
import { SyslogStory } from './syslog-story.ts'

export interface SyslogParts {
  readonly config: Config
  readonly network: ServedNetwork
  readonly story: BootStory
  readonly log: Logger
}

/**
 * Takes syslog on every address that machines know. They boot without it, so a port that somebody has, a syslog daemon
 * mostly, keeps nothing from starting.
 *
 * @returns the port, or why none is taken
 */
export async function startSyslog(
  { config, network, story, log }: SyslogParts,
  open: AsyncDisposableStack,
): Promise<{ readonly port: number } | { readonly error: unknown }> {
  await using servers = new AsyncDisposableStack()
  const lines = servers.use(new SyslogStory(story))
  const hosts = network.networks.flatMap(({ attached }) => attached?.address ?? [])
  let { syslog: port } = config.ports
  try {
    for (const host of new Set([network.server.address, ...hosts])) {
      const server = await SyslogServer.listen({
        host,
        port,
        onLine: (address, line) => lines.line(address, line),
        log: log.child({ service: 'syslog' }),
      })
      port = servers.use(server).port
    }
  } catch (error) {
    return { error }
  }
  open.use(servers.move())
  return { port }
}
