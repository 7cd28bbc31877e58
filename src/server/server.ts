import type { ServerAddresses } from '../boot/server-addresses.ts'
import { classOf } from '../config/classes.ts'
import type { LoadedConfig } from '../config/load.ts'
import { isOtherNfs } from '../config/nfs.ts'
import { nfsClientsPath } from '../config/paths.ts'
import type { Config } from '../config/schema.ts'
import type { Boots } from '../fleet/boots.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import type { Machine } from '../fleet/machine.ts'
import type { IpAddress, Ipv6 } from '../net/ipv6.ts'
import type { Mac } from '../net/mac.ts'
import { machineOf } from './machine.ts'
import type { DhcpClient } from '../protocols/dhcp/client.ts'
import type { Dhcp6Leases } from '../protocols/dhcp6/leases.ts'
import { HttpServer, type HttpServerOptions } from '../protocols/http/server.ts'
import { MountList } from '../protocols/nfs/mount/mount-list.ts'
import { NfsServer } from '../protocols/nfs/server.ts'
import type { RpcProgram } from '../protocols/rpc/program.ts'
import { RpcbindRegistration } from '../protocols/rpc/rpcbind.ts'
import { TftpServer } from '../protocols/tftp/server.ts'
import { Icmpv6Socket } from '../sys/icmpv6-socket.ts'
import type { Logger } from '../sys/log.ts'
import { noteResponse } from './admission-story.ts'
import { answerBoot } from './boot-routes.ts'
import { BootStory } from './boot-story.ts'
import { learnedLoader } from './dhcp-answers.ts'
import { startDhcpService } from './dhcp-service.ts'
import { dhcpStory } from './dhcp-story.ts'
import { FileStory } from './file-story.ts'
import { type Https, httpsOf } from './https.ts'
import { namedAddresses, startIpv6 } from './ipv6-services.ts'
import { sparesIpv6Wait } from './ipv6-wait.ts'
import { joinExports } from './keep-exports.ts'
import { releaseAfterShutdown } from './keep-shutdown.ts'
import { Live, refuseUnchangeable } from './live.ts'
import { type ServedNetwork, servedNetwork } from './network.ts'
import { NfsTraffic } from './nfs-traffic.ts'
import { makeServices, remakeServices } from './services.ts'
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
  /** Told what was done to another server's files. */
  readonly onNotice?: (text: string) => void
}

/**
 * Everything from a machine's first DHCP packet to its root file system, as one configuration says it. Serves once
 * `start()` resolves; `close()` ends the services in the opposite order.
 */
export class NetrootServer implements AsyncDisposable {
  readonly network: ServedNetwork
  readonly boots: Boots
  readonly addresses: ServerAddresses
  /** Who serves releases by NFS where it is not this server, in words. */
  readonly otherNfs: string | undefined
  readonly #options: NetrootOptions
  readonly #live: Live
  readonly #state: ServerState
  readonly #ipv6: Dhcp6Leases | undefined
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
    let live: Live | undefined
    const names = (mac: Mac): string => live?.nameOf(mac) ?? ''
    const story = new BootStory(state.boots, names, options.log.child({ service: 'boots' }), state.logs)
    const syslog = await startSyslog({ config, network, story, log: options.log }, open)
    const server = addressesOf(config, network, 'port' in syslog ? syslog.port : undefined)
    const services = await makeServices(options, server, network, { hardware: state.hardware, story }, open)
    releaseAfterShutdown(state.boots, services.keeps, open)
    live = new Live({ config, network, services })
    const https = await httpsOf(loaded, stateDirectory, addressesIn(network, config))
    const composition = { live, network, address: server.address, https, state, stateDirectory }
    const programs = await startServices(composition, open)
    for (const more of networksBeside(composition)) await startServices(more, open)
    if (config.rpcbind) open.use(await registerNfs(programs, config))
    const serveFiles = async (address: Ipv6): Promise<void> => {
      await startFileServices({ ...composition, address }, open)
    }
    const ipv6 = await startIpv6({ loaded, live, stateDirectory, serveFiles }, open)
    if ('error' in syslog) options.log.warn(NO_SYSLOG, { error: syslog.error }) // what else is wrong was said before
    services.story.recordRestart(Date.now()) // not before: one that cannot start has restarted nothing
    return new NetrootServer(options, { live, state, ipv6, open: open.move() })
  }

  private constructor(options: NetrootOptions, { live, state, ipv6, open }: Started) {
    this.#ipv6 = ipv6
    const { network, services } = live.now
    this.network = network
    this.boots = state.boots
    this.addresses = services.server
    this.otherNfs = services.otherNfs?.words
    this.#options = options
    this.#live = live
    this.#state = state
    this.#open = open
  }

  /**
   * Puts another configuration in force, under running transfers and leases. A boot that has begun ends as it began.
   *
   * @throws as `start()`, or {ConfigError} for what is read at the start only; then the old one stays in force
   */
  async reload(loaded: LoadedConfig): Promise<void> {
    const { config, services: before } = this.#live.now
    refuseUnchangeable(config, loaded, portsBeside)
    const network = await servedNetwork(loaded)
    const services = await remakeServices({ ...this.#options, loaded }, before)
    this.#state.leases.setFixed(network.fixed)
    this.#ipv6?.setFixed(namedAddresses(loaded.config))
    this.#live.replace({ config: loaded.config, network, services })
  }

  close(): Promise<void> {
    return this.#open.disposeAsync()
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

const NO_SYSLOG = 'takes no syslog from machines; ports: { syslog: 5140 } in netroot.yaml names another port'

function addressesOf({ ports }: Config, { server }: ServedNetwork, syslogPort: number | undefined): ServerAddresses {
  const addresses = { address: server.address, httpPort: ports.http, nfsPort: ports.nfs }
  return syslogPort === undefined ? addresses : { ...addresses, syslogPort }
}

interface Started {
  readonly live: Live
  readonly state: ServerState
  /** Undefined where netroot.yaml says nothing of IPv6. */
  readonly ipv6: Dhcp6Leases | undefined
  readonly open: AsyncDisposableStack
}

interface Composition {
  readonly live: Live
  readonly network: ServedNetwork
  /** The server's own, at which these machines find it. */
  readonly address: IpAddress
  readonly https: Https | undefined
  readonly state: ServerState
  readonly stateDirectory: string
}

/** All addresses of the server that machines may write in a URL. */
function addressesIn(network: ServedNetwork, { ipv6, networks }: Config): string[] {
  const attached = network.networks.flatMap((one) => one.attached?.address ?? [])
  return [...attached, ...[ipv6, ...networks.map((one) => one.ipv6)].flatMap((one) => one?.address ?? [])]
}

/** The same services on each other interface, where machines find them at the server's address there. */
function networksBeside({ network, ...kept }: Composition): Composition[] {
  return network.networks.slice(1).flatMap(({ network: other, attached }) => {
    if (attached === undefined) return []
    const there = { ...network, interface: attached.interface, server: other }
    return [{ ...kept, network: there, address: attached.address }]
  })
}

/** DHCP comes last: no machine is told to fetch what is not served yet. */
async function startServices(composition: Composition, open: AsyncDisposableStack): Promise<readonly RpcProgram[]> {
  const programs = await startFileServices(composition, open)
  const neighbours = await Icmpv6Socket.open(composition.network.interface)
  if (neighbours !== undefined) open.use(neighbours)
  open.use(await startDhcp(composition, neighbours))
  return programs
}

/** What machines fetch from, at one of the server's addresses. Returns what NFS consists of. */
async function startFileServices(composition: Composition, open: AsyncDisposableStack): Promise<readonly RpcProgram[]> {
  const { live, address: host, https, state } = composition
  const { config, services } = live.now // what they are opened by; what they answer is asked anew each time
  const stop = new AbortController()
  open.defer(() => stop.abort())
  const story = new FileStory(services.story)
  const traffic = new NfsTraffic(state.boots, services.story, stop.signal)
  const { log, keeps, releases } = services
  const http: HttpServerOptions = {
    host,
    route: (request) => answerBoot(live.at(host).services, request),
    onResponse: (report) => {
      story.http(report)
      noteResponse(services.admission, services.story, report, performance.now())
    },
    log: log.child({ service: 'http' }),
  }
  open.use(await HttpServer.listen({ ...http, port: config.ports.http }))
  if (https !== undefined) open.use(await HttpServer.listen({ ...http, ...https }))
  open.use(
    await TftpServer.listen({
      host,
      port: config.ports.tftp,
      open: ({ filename }, peer) => openTftpFile(live.at(host).services, filename, peer),
      onTransfer: (report) => story.tftp(report),
      log: log.child({ service: 'tftp' }),
    }),
  )
  const mounts = new MountList()
  let programs: readonly RpcProgram[] = []
  for (const port of nfsPorts(config)) {
    const server = open.use(
      await NfsServer.listen({
        host,
        port,
        mounts,
        exports: isOtherNfs(config.nfs) ? keeps.exports : joinExports(releases.exports, keeps.exports),
        onMount: (event) => story.nfs(event),
        onRead: (address, _, bytes) => traffic.add(address, bytes),
        onClientGone: (address) => void services.keeps.releaseSilent(address),
        stateDirectory: nfsClientsPath(composition.stateDirectory, host, port),
        log: log.child({ service: 'nfs' }),
      }),
    )
    programs = server.programs // the same at each port
  }
  return programs
}

/** The host's rpcbind is told once: of the port, at all addresses. */
function registerNfs(programs: readonly RpcProgram[], { ports }: Config): Promise<RpcbindRegistration> {
  const instead = 'leave "rpcbind: true" out of netroot.yaml'
  return RpcbindRegistration.register(programs, { host: '0.0.0.0', port: ports.nfs, instead })
}

/** Does some machine's firmware show a menu? */
function hasFirmwareMenu({ profiles, clients }: Config): boolean {
  return [...Object.values(profiles), ...Object.values(clients)].some(({ menu }) => menu?.shownBy === 'firmware')
}

/** Ports that are opened only where a profile needs them. */
function portsBeside(config: Config): readonly number[] {
  return [...nfsPorts(config), ...(hasFirmwareMenu(config) ? [PXE_MENU_PORT] : [])]
}

/**
 * klibc's nfsmount asks the portmapper for MOUNT whatever it is told; our initramfs needs no second port. Where another
 * server has the releases, ours is for the roots of machines that keep what they write.
 */
function nfsPorts({ nfs, ports, profiles, clients }: Config): readonly number[] {
  const all = [...Object.values(profiles), ...Object.values(clients)]
  if (isOtherNfs(nfs)) return all.some(({ writes }) => writes === 'keep') ? [ports.nfs] : []
  const isOwn = all.some(({ initramfs }) => initramfs === 'image')
  return isOwn && ports.nfs !== PORTMAPPER ? [ports.nfs, PORTMAPPER] : [ports.nfs]
}

const PORTMAPPER = 111
const PXE_MENU_PORT = 4011

/** A machine as its first packet shows it. */
function classified(config: Config, client: DhcpClient): Machine {
  const name = classOf(config, client)
  return { ...machineOf(client), ...(name === undefined ? {} : { class: name }) }
}

function startDhcp(
  { live, address, network, state }: Composition,
  neighbours: Icmpv6Socket | undefined,
): Promise<AsyncDisposable> {
  const { config, services: first } = live.now
  const { story, log } = first
  const isReplaced = (client: DhcpClient): boolean =>
    live.at(address).services.plans.start(classified(live.now.config, client))?.loader === undefined &&
    learnedLoader(client, (mac) => story.refusesIpxe(mac)) !== undefined
  const anticipate = (boot: Boot): void => void live.at(address).services.plans.anticipate(boot)
  const tell = dhcpStory(story, anticipate, isReplaced, (client) => classOf(live.now.config, client))
  return startDhcpService({
    dhcp: config.dhcp,
    interface: network.interface,
    serverAddress: address,
    leases: state.leases,
    answer: (client, asked) => live.at(address).answer(client, asked),
    hasMenus: hasFirmwareMenu(config),
    checked: network.server,
    onExchange: (exchange) => {
      tell(exchange)
      if (neighbours !== undefined) sparesIpv6Wait(exchange, neighbours)
    },
    log: log.child({ service: 'dhcp' }),
  })
}
