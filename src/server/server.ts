import type { ServerAddresses } from '../boot/server-addresses.ts'
import { classOf } from '../config/classes.ts'
import { clientOf } from '../config/effective.ts'
import type { LoadedConfig } from '../config/load.ts'
import { nfsClientsPath } from '../config/paths.ts'
import type { Config } from '../config/schema.ts'
import type { Boots } from '../fleet/boots.ts'
import type { Machine } from '../fleet/machine.ts'
import type { Mac } from '../net/mac.ts'
import { machineOf } from './machine.ts'
import { ReleaseStore } from '../image/store.ts'
import type { DhcpClient } from '../protocols/dhcp/client.ts'
import { HttpServer } from '../protocols/http/server.ts'
import { NfsServer } from '../protocols/nfs/server.ts'
import { RecordsDirectory } from '../protocols/nfs/v4/records-directory.ts'
import { TftpServer } from '../protocols/tftp/server.ts'
import { Icmpv6Socket } from '../sys/icmpv6-socket.ts'
import type { Logger } from '../sys/log.ts'
import { Admission } from './admission.ts'
import { noteResponse } from './admission-story.ts'
import { answerBoot } from './boot-routes.ts'
import type { BootServices } from './boot-services.ts'
import { BootStory } from './boot-story.ts'
import { checkChoices } from './choices.ts'
import { dhcpAnswers, learnedLoader } from './dhcp-answers.ts'
import { startDhcpService } from './dhcp-service.ts'
import { dhcpStory } from './dhcp-story.ts'
import { DriversChoice } from './drivers-choice.ts'
import { FileStory } from './file-story.ts'
import { sparesIpv6Wait } from './ipv6-wait.ts'
import { type ServedNetwork, servedNetwork } from './network.ts'
import { NfsTraffic } from './nfs-traffic.ts'
import { collectParts } from './part-cache.ts'
import { Parts } from './parts.ts'
import { Plans } from './plans.ts'
import { prepareBoots } from './prepare.ts'
import { Releases } from './releases.ts'
import { sshKeys } from './ssh-keys.ts'
import { startSyslog } from './start-syslog.ts'
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
    const state = open.use(
      await openState(stateDirectory, {
        subnets: network.networks,
        fixed: network.fixed,
      }),
    )
    const names = (mac: Mac): string => clientOf(config, mac)?.name ?? ''
    const story = new BootStory(state.boots, names, options.log.child({ service: 'boots' }), state.logs)
    const syslog = await startSyslog({ config, network, story, log: options.log }, open)
    const server = addressesOf(config, network, 'port' in syslog ? syslog.port : undefined)
    const services = await prepareServices(options, server, { hardware: state.hardware, story }, open)
    const composition = { config, network, services, state, stateDirectory }
    await startServices(composition, open)
    for (const more of networksBeside(composition)) await startServices(more, open)
    if ('error' in syslog) options.log.warn(NO_SYSLOG, { error: syslog.error }) // what else is wrong was said before
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

const NO_SYSLOG = 'takes no syslog from machines; ports: { syslog: 5140 } in netroot.yaml names another port'

/** Makes or finds all that machines will ask for. */
async function prepareServices(
  { loaded, storeDirectory, log, onStep = () => undefined }: NetrootOptions,
  server: ServerAddresses,
  { story, hardware }: Pick<BootServices, 'story' | 'hardware'>,
  open: AsyncDisposableStack,
): Promise<BootServices> {
  const { config } = loaded
  const store = await ReleaseStore.open(storeDirectory)
  const releases = open.use(new Releases(store))
  await checkChoices(loaded, releases)
  const parts = new Parts(storeDirectory, releases)
  const drivers = new DriversChoice({ parts, hardware, story, log: log.child({ service: 'drivers' }) })
  const plans = new Plans({ config, server, releases, parts, drivers })
  const keys = await sshKeys(loaded)
  const loaders = await prepareBoots({ config, storeDirectory, releases, parts, onStep })
  await collectParts(store, config.cache)
  const admission = new Admission({ atOnce: config.atOnce })
  return { story, hardware, plans, parts, releases, loaders, server, keys, admission, log }
}

function addressesOf({ ports }: Config, { server }: ServedNetwork, syslogPort: number | undefined): ServerAddresses {
  const addresses = { address: server.address, httpPort: ports.http, nfsPort: ports.nfs }
  return syslogPort === undefined ? addresses : { ...addresses, syslogPort }
}

interface Composition {
  readonly config: Config
  readonly network: ServedNetwork
  readonly services: BootServices
  readonly state: ServerState
  readonly stateDirectory: string
}

/** The same services on each other interface, where machines find them at the server's address there. */
function networksBeside({ config, network, services, ...kept }: Composition): Composition[] {
  return network.networks.slice(1).flatMap(({ network: other, attached }) => {
    if (attached === undefined) return []
    const server = { ...services.server, address: attached.address }
    const plans = services.plans.at(server)
    const there = { ...network, interface: attached.interface, server: other }
    return [{ config, network: there, services: { ...services, server, plans }, ...kept }]
  })
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
      onResponse: (report) => {
        story.http(report)
        noteResponse(services.admission, services.story, report, performance.now())
      },
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
        clients: new RecordsDirectory(nfsClientsPath(composition.stateDirectory, host, port)),
        log: log.child({ service: 'nfs' }),
      }),
    )
  }
  const neighbours = await Icmpv6Socket.open(composition.network.interface)
  if (neighbours !== undefined) open.use(neighbours)
  open.use(await startDhcp(composition, neighbours))
}

/** Does some machine's firmware show a menu? */
function hasFirmwareMenu({ profiles, clients }: Config): boolean {
  return [...Object.values(profiles), ...Object.values(clients)].some(({ menu }) => menu?.shownBy === 'firmware')
}

/** klibc's nfsmount asks the portmapper for MOUNT whatever it is told; our initramfs needs no second port. */
function nfsPorts({ ports, profiles, clients }: Config): readonly number[] {
  const isOwn = [...Object.values(profiles), ...Object.values(clients)].some(({ initramfs }) => initramfs === 'image')
  return isOwn && ports.nfs !== PORTMAPPER ? [ports.nfs, PORTMAPPER] : [ports.nfs]
}

const PORTMAPPER = 111

/** A machine as its first packet shows it. */
function classified(config: Config, client: DhcpClient): Machine {
  const name = classOf(config, client)
  return { ...machineOf(client), ...(name === undefined ? {} : { class: name }) }
}

function startDhcp(
  { config, network, services, state }: Composition,
  neighbours: Icmpv6Socket | undefined,
): Promise<AsyncDisposable> {
  const { story, server, log } = services
  const refusesIpxe = (mac: Mac): boolean => story.refusesIpxe(mac)
  const isReplaced = (client: DhcpClient): boolean =>
    services.plans.start(classified(config, client))?.loader === undefined &&
    learnedLoader(client, refusesIpxe) !== undefined
  const tell = dhcpStory(
    story,
    (boot) => void services.plans.anticipate(boot),
    isReplaced,
    (client) => classOf(config, client),
  )
  return startDhcpService({
    dhcp: config.dhcp,
    interface: network.interface,
    serverAddress: server.address,
    leases: state.leases,
    answer: dhcpAnswers(config, server, network.networks, refusesIpxe, (mac) => story.current(mac)?.machine.class),
    hasMenus: hasFirmwareMenu(config),
    checked: network.server,
    onExchange: (exchange) => {
      tell(exchange)
      if (neighbours !== undefined) sparesIpv6Wait(exchange, neighbours)
    },
    log: log.child({ service: 'dhcp' }),
  })
}
