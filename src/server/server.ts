import type { ServerAddresses } from '../boot/server-addresses.ts'
import { clientOf } from '../config/effective.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Boots } from '../fleet/boots.ts'
import { ReleaseStore } from '../image/store.ts'
import { DhcpServer } from '../protocols/dhcp/server.ts'
import { HttpServer } from '../protocols/http/server.ts'
import { NfsServer } from '../protocols/nfs/server.ts'
import { TftpServer } from '../protocols/tftp/server.ts'
import { Icmpv6Socket } from '../sys/icmpv6-socket.ts'
import type { Logger } from '../sys/log.ts'
import { answerBoot } from './boot-routes.ts'
import type { BootServices } from './boot-services.ts'
import { BootStory } from './boot-story.ts'
import { checkChoices } from './choices.ts'
import { dhcpAnswers } from './dhcp-answers.ts'
import { dhcpStory } from './dhcp-story.ts'
import { FileStory } from './file-story.ts'
import { sparesIpv6Wait } from './ipv6-wait.ts'
import { type ServedNetwork, servedNetwork } from './network.ts'
import { NfsTraffic } from './nfs-traffic.ts'
import { Parts } from './parts.ts'
import { Plans } from './plans.ts'
import { prepareBoots } from './prepare.ts'
import { Releases } from './releases.ts'
import { openState, type ServerState } from './state.ts'
import { openTftpFile } from './tftp-files.ts'

export interface NetrootOptions {
  readonly loaded: LoadedConfig
  /** Where images and what is made of them lie. */
  readonly storeDirectory: string
  /** Where the database of leases and boots lies. */
  readonly stateDirectory: string
  readonly log: Logger
  /** Told what is being prepared, for people who wait. */
  readonly onStep?: (what: string) => void
}

/**
 * Everything from a machine's first DHCP packet to its root file system, as one configuration says it. Serves once
 * `start()` resolves; `close()` ends the services in the opposite order.
 */
export class NetrootServer implements AsyncDisposable {
  readonly network: ServedNetwork
  readonly boots: Boots
  readonly addresses: ServerAddresses
  readonly #open: AsyncDisposableStack

  /**
   * Prepares what every profile boots and starts all services.
   *
   * @throws {ConfigError}, {StateError}, {StoreError}, {BindError}: each says what to do next
   */
  static async start(options: NetrootOptions): Promise<NetrootServer> {
    const { loaded, stateDirectory } = options
    const { config } = loaded
    await using open = new AsyncDisposableStack()
    const network = await servedNetwork(loaded)
    const server = { address: network.server.address, httpPort: config.ports.http, nfsPort: config.ports.nfs }
    const state = open.use(await openState(stateDirectory, { range: config.range, fixed: network.fixed }))
    const services = await prepareServices(options, server, state.boots, open)
    await startServices({ config, network, services, state }, open)
    services.story.recordRestart(Date.now()) // not before: one that cannot start has restarted nothing
    return new NetrootServer(network, state.boots, server, open.move())
  }

  private constructor(network: ServedNetwork, boots: Boots, addresses: ServerAddresses, open: AsyncDisposableStack) {
    this.network = network
    this.boots = boots
    this.addresses = addresses
    this.#open = open
  }

  close(): Promise<void> {
    return this.#open.disposeAsync()
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Makes or finds all that machines will ask for. */
async function prepareServices(
  { loaded, storeDirectory, log, onStep = () => undefined }: NetrootOptions,
  server: ServerAddresses,
  boots: Boots,
  open: AsyncDisposableStack,
): Promise<BootServices> {
  const { config } = loaded
  const releases = open.use(new Releases(await ReleaseStore.open(storeDirectory)))
  await checkChoices(loaded, releases)
  const parts = new Parts(storeDirectory, releases)
  const plans = new Plans(config, server, releases, parts)
  const loaders = await prepareBoots({ config, storeDirectory, releases, parts, onStep })
  const story = new BootStory(boots, (mac) => clientOf(config, mac)?.name ?? '', log.child({ service: 'boots' }))
  return { story, plans, parts, releases, loaders, server, log }
}

interface Composition {
  readonly config: Config
  readonly network: ServedNetwork
  readonly services: BootServices
  readonly state: ServerState
}

/** DHCP comes last: no machine is told to fetch what is not served yet. */
async function startServices(composition: Composition, open: AsyncDisposableStack): Promise<void> {
  const { config, services, state } = composition
  const host = services.server.address
  const stop = new AbortController()
  open.defer(() => stop.abort())
  const story = new FileStory(services.story)
  const traffic = new NfsTraffic(state.boots, services.story, stop.signal)
  const { log } = services
  open.use(
    await HttpServer.listen({
      host,
      port: config.ports.http,
      route: (request) => answerBoot(services, request),
      onResponse: (report) => story.http(report),
      log: log.child({ service: 'http' }),
    }),
  )
  open.use(
    await TftpServer.listen({
      host,
      port: config.ports.tftp,
      open: ({ filename }, peer) => openTftpFile(services, filename, peer),
      onTransfer: (report) => story.tftp(report),
      log: log.child({ service: 'tftp' }),
    }),
  )
  for (const port of nfsPorts(config)) {
    open.use(
      await NfsServer.listen({
        host,
        port,
        exports: services.releases.exports,
        onMount: (event) => story.nfs(event),
        onRead: (address, _, bytes) => traffic.add(address, bytes),
        log: log.child({ service: 'nfs' }),
      }),
    )
  }
  const neighbours = await Icmpv6Socket.open(composition.network.interface)
  if (neighbours !== undefined) open.use(neighbours)
  open.use(await startDhcp(composition, neighbours))
}

/** klibc's nfsmount asks the portmapper for MOUNT whatever it is told; our initramfs needs no second port. */
function nfsPorts({ ports, profiles, clients }: Config): readonly number[] {
  const isOwn = [...Object.values(profiles), ...Object.values(clients)].some(({ initramfs }) => initramfs === 'image')
  return isOwn && ports.nfs !== PORTMAPPER ? [ports.nfs, PORTMAPPER] : [ports.nfs]
}

const PORTMAPPER = 111

async function startDhcp(
  { config, network, services, state }: Composition,
  neighbours: Icmpv6Socket | undefined,
): Promise<DhcpServer> {
  const { story, server, log } = services
  const tell = dhcpStory(story)
  return DhcpServer.listen({
    interface: network.interface,
    serverAddress: server.address,
    leases: state.leases,
    answer: dhcpAnswers(config, server, network.server.prefix),
    onExchange: (exchange) => {
      tell(exchange)
      if (neighbours !== undefined) sparesIpv6Wait(exchange, neighbours)
    },
    log: log.child({ service: 'dhcp' }),
  })
}
