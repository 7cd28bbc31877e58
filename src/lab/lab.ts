import { parseCidr } from '../net/cidr.ts'
import { type Accelerator, chooseAccelerator } from './accelerator.ts'
import { Capture, type CaptureOptions, describePackets, PacketWatch } from './capture.ts'
import { makeLabDirectory } from './directory.ts'
import type { LabProcess, SpawnOptions } from './lab-process.ts'
import { Machine } from './machine.ts'
import { type MachineOptions, machineSpec } from './machine-options.ts'
import { Namespace, type RunResult } from './namespace.ts'
import type { Firmware } from './platforms.ts'
import { checkHost } from './preconditions.ts'

export interface LabOptions {
  /** The lab's own address on the first network, `lan`, with its prefix length; default `10.77.0.1/24`. */
  readonly address?: string
  /** What machines will need, checked before anything starts; default `['bios']`. None: only the network is used. */
  readonly firmwares?: readonly Firmware[]
  /** Default: KVM where it works, else emulation. */
  readonly accelerator?: Accelerator
  /** Closes the lab when it aborts. */
  readonly signal?: AbortSignal
}

/** A network of the lab: a bridge that cards are plugged into. */
export interface LabNetwork {
  readonly name: string
  /** The interface's name inside the lab. */
  readonly bridge: string
  /** The lab's own address there, `10.77.0.1/24`. */
  readonly address: string
}

/**
 * Virtual machines on private networks, and programs beside them. Everything runs in namespaces of its own: nothing of
 * it is seen by the host, and nothing stays when this process ends, however it ends.
 *
 *     await using lab = await Lab.open()
 *     const server = lab.spawn('netroot', ['up'])
 *     const pc = await lab.powerOn({ firmware: 'uefi' })
 *     await pc.console.waitFor('login:', { timeoutMs: 120_000 })
 */
export class Lab implements AsyncDisposable {
  /** A folder for sockets and logs, removed at the end. */
  readonly directory: string
  readonly #namespace: Namespace
  readonly #accelerator: Accelerator | undefined
  readonly #open = new AsyncDisposableStack()
  readonly #networks = new Map<string, LabNetwork>()
  readonly #machines = new Set<Machine>()
  readonly #signal: AbortSignal | undefined
  readonly #captured: string[] = []
  #closed: Promise<void> | undefined
  #taps = 0
  #names = 0

  /**
   * Checks the host, makes the namespaces and the network `lan`.
   *
   * @throws {PermissionError} if a package, a device or a right is missing; the text names what to type
   */
  static async open(options: LabOptions = {}): Promise<Lab> {
    const { address = '10.77.0.1/24', firmwares = ['bios'], signal } = options
    signal?.throwIfAborted()
    await checkHost(firmwares)
    const directory = await makeLabDirectory()
    const lab = new Lab(directory, await Namespace.make(directory), options)
    await using opening = new AsyncDisposableStack()
    opening.use(lab)
    await lab.addNetwork('lan', address)
    signal?.throwIfAborted()
    opening.move() // opened in full: it is the caller's now
    return lab
  }

  private constructor(directory: string, namespace: Namespace, { accelerator, signal }: LabOptions) {
    this.directory = directory
    this.#namespace = namespace
    this.#accelerator = accelerator
    this.#signal = signal
    this.#open.use(namespace)
    const abort = (): void => void this.close().catch(() => undefined)
    signal?.addEventListener('abort', abort, { once: true })
    this.#open.defer(() => signal?.removeEventListener('abort', abort))
  }

  /** True where an ordinary user made the lab, who is root only inside. */
  get isUnprivileged(): boolean {
    return this.#namespace.isUserNamespace
  }
  /** Process 1 of the lab as seen from outside: `nsenter --target PID --net …`. */
  get pid(): number {
    return this.#namespace.pid
  }
  /** The machines that are on. */
  get machines(): readonly Machine[] {
    return [...this.#machines]
  }

  /**
   * Adds a bridge with an address of the lab on it.
   *
   * @throws {TypeError} if the address is no address with a prefix length
   * @throws {RangeError} if there is such a network already
   */
  async addNetwork(name: string, address: string): Promise<LabNetwork> {
    parseCidr(address)
    if (this.#networks.has(name)) throw new RangeError(`Cannot add network "${name}": the lab has one of that name`)
    const index = this.#networks.size
    const network = { name, bridge: `br${index}`, address }
    this.#networks.set(name, network)
    const { bridge } = network
    await this.#ip([
      `link add ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      // An address of its own: else it changes to that of a card when one comes, and machines ask a dead one.
      `link set ${bridge} address 02:00:0a:4d:00:${(index + 1).toString(16).padStart(2, '0')} up`,
      `addr add ${address} dev ${bridge}`,
    ])
    return network
  }

  /**
   * The network of that name.
   *
   * @throws {RangeError} if there is none; the text lists those there are
   */
  network(name = 'lan'): LabNetwork {
    const network = this.#networks.get(name)
    if (network !== undefined) return network
    throw new RangeError(`There is no network "${name}" in this lab, only ${[...this.#networks.keys()].join(', ')}`)
  }

  /** Starts a program inside, without a shell. It ends with the lab at the latest. */
  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): LabProcess {
    return this.#namespace.spawn(command, args, options)
  }

  /**
   * Runs a program inside to its end.
   *
   * @throws {CommandError} if it does not end with status 0
   */
  run(command: string, args: readonly string[] = [], options: SpawnOptions = {}): Promise<RunResult> {
    return this.#namespace.run(command, args, options)
  }

  /**
   * Switches a new machine on. Its processor runs when this resolves.
   *
   * @throws {PermissionError} if the host lacks what the machine needs
   * @throws {Error} with QEMU's words if it does not start
   */
  async powerOn(options: MachineOptions = {}): Promise<Machine> {
    await checkHost([options.firmware ?? 'bios'], options.architecture)
    const name = options.name ?? `pc${++this.#names}`
    const accelerator = this.#accelerator ?? (await this.#acceleratorFor(options.architecture))
    const spec = machineSpec(options, name, accelerator, (card) => ({
      tap: `tap${this.#taps++}`,
      dumpFile: this.isUnprivileged ? `${this.directory}/${name}-${card}.pcap` : undefined,
    }))
    if (this.machines.some((machine) => machine.name === name))
      throw new RangeError(`A machine "${name}" is on already`)
    const cards = spec.cards.map(({ tap }, index) => ({
      tap,
      bridge: this.network(options.cards?.[index]?.network).bridge,
    }))
    await this.#ip(
      cards.flatMap(({ tap, bridge }) => [`tuntap add dev ${tap} mode tap`, `link set ${tap} master ${bridge} up`]),
    )
    const machine = await Machine.start({
      namespace: this.#namespace,
      directory: this.directory,
      spec,
      consoleLog: options.consoleLog,
      report: (failed) => this.failureReport(failed),
      signal: options.signal ?? this.#signal,
    })
    this.#open.use(machine)
    this.#machines.add(machine)
    this.#captured.push(...spec.cards.flatMap(({ dumpFile }) => dumpFile ?? []))
    void machine.exited.then(() =>
      this.#unplug(
        machine,
        cards.map(({ tap }) => tap),
      ),
    )
    return machine
  }

  /**
   * Begins to write the packets of a network to a file, for `describeTraffic`, `failureReport` and for people.
   *
   * @throws {PermissionError} if tcpdump is missing, or in a lab of an ordinary user, where QEMU writes the packets of
   * every card anyway
   */
  async capture({ network, file, filter }: CaptureOptions & { readonly network?: string } = {}): Promise<Capture> {
    const { bridge } = this.network(network)
    const path = file ?? `${this.directory}/${bridge}.pcap`
    const capture = await Capture.start(this.#namespace, bridge, path, filter)
    this.#captured.push(path)
    return this.#open.use(capture)
  }

  /** Words for each packet that matches the pcap-filter(7), from now on. */
  async watchPackets(filter: string, network = 'lan'): Promise<PacketWatch> {
    return this.#open.use(await PacketWatch.start(this.#namespace, this.network(network).bridge, filter))
  }

  /** The last packets as text; says so where nothing was captured. */
  async describeTraffic(count = 30): Promise<string> {
    if (this.#captured.length === 0) return '(not captured)'
    return (await describePackets(this.#captured, count)) || '(no packet)'
  }

  /** What is needed to see why a machine failed: its console, QEMU's messages, the last packets. */
  async failureReport(machine: Machine): Promise<string> {
    const section = (title: string, text: string): string => `--- ${title}\n${text.trim() || '(nothing)'}\n`
    return [
      section(`console of ${machine.name}, the last lines`, machine.console.lastLines(60)),
      section('what QEMU wrote', machine.qemuMessages),
      section('the last packets', await this.describeTraffic().catch((error: unknown) => String(error))),
    ].join('')
  }

  /** Switches everything off in reverse order; nothing stays. Calling it twice is fine. */
  close(): Promise<void> {
    return (this.#closed ??= this.#open.disposeAsync())
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Another architecture than the host's is always emulated. */
  async #acceleratorFor(architecture: MachineOptions['architecture'] = 'amd64'): Promise<Accelerator> {
    const native = architecture === 'arm64' ? process.arch === 'arm64' : process.arch === 'x64'
    return native ? chooseAccelerator(this.#namespace, this.directory) : 'tcg'
  }

  async #unplug(machine: Machine, taps: readonly string[]): Promise<void> {
    this.#machines.delete(machine)
    await this.#ip(taps.map((tap) => `link delete ${tap}`)).catch(() => undefined) // they go with the lab anyway
  }

  async #ip(commands: readonly string[]): Promise<void> {
    await this.#namespace.run('ip', ['-batch', '-'], { input: `${commands.join('\n')}\n` })
  }
}
