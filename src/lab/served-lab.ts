import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseConfig } from '../config/load.ts'
import type { BootEvent } from '../fleet/events.ts'
import { prepareStore } from '../server/prepare.ts'
import { Lab, type LabOptions } from './lab.ts'
import type { LabProcess } from './lab-process.ts'
import { Transcript } from './transcript.ts'

/** One event as `netroot up --json` tells it. */
export interface ToldEvent {
  readonly sequence: number
  readonly boot: string
  readonly mac: string
  readonly name: string
  readonly event: BootEvent
}

export interface ServedLabOptions extends LabOptions {
  /** The text of netroot.yaml. It should name the interface `br0`. */
  readonly config: string
  /** Where the images are. */
  readonly store: string
  /** Where leases and boots are kept; default the lab's own folder, so that they go with it. */
  readonly state?: string
  /** Done in the lab before the server starts: routers, further addresses. */
  readonly prepare?: (lab: Lab) => Promise<void>
  /** Told what is being prepared, for people who wait. */
  readonly onStep?: (what: string) => void
  /** Told of every event of every boot. */
  readonly onEvent?: (told: ToldEvent) => void
}

const NETROOT = fileURLToPath(new URL('../../bin/netroot', import.meta.url))
/** Making the drivers of a kernel for the first time takes a while on a slow host. */
const START_MS = 180_000

/** A lab in which `netroot up` serves the network `lan`, as a process of its own that can be killed and started again. */
export class ServedLab implements AsyncDisposable {
  readonly lab: Lab
  readonly #options: ServedLabOptions
  readonly #told: ToldEvent[] = []
  readonly #words = new Transcript({ name: 'events', report: async () => this.describe() })
  #server: LabProcess | undefined

  /** Opens the lab and starts the server. @throws {PermissionError} as `Lab.open`; {Error} with the server's words */
  static async open(options: ServedLabOptions): Promise<ServedLab> {
    const { config } = parseConfig(options.config, 'netroot.yaml')
    await prepareStore(config, options.store, options) // inside there is no way to Debian's archive
    await using opening = new AsyncDisposableStack()
    const lab = opening.use(await Lab.open(options))
    const served = new ServedLab(lab, options)
    await writeFile(served.configFile, options.config)
    if (!lab.isUnprivileged) await lab.capture() // else QEMU writes the packets of each card
    await options.prepare?.(lab)
    await served.start()
    opening.move()
    return served
  }

  private constructor(lab: Lab, options: ServedLabOptions) {
    this.lab = lab
    this.#options = options
  }

  get configFile(): string {
    return join(this.lab.directory, 'netroot.yaml')
  }
  get stateDirectory(): string {
    return this.#options.state ?? this.lab.directory
  }
  /** Everything the server told so far. */
  get events(): readonly ToldEvent[] {
    return this.#told
  }
  /** Output and errors of the server that runs now. */
  get serverOutput(): string {
    return this.#server?.stderr.text ?? ''
  }

  /**
   * Starts the server and waits until it serves.
   *
   * @param through the words before its command, such as those that lead to another host of the lab
   */
  async start(through: readonly string[] = []): Promise<void> {
    const args = ['up', '--config', this.configFile, '--store', this.#options.store, '--state', this.stateDirectory]
    const [program = NETROOT, ...words]: readonly string[] = [...through, NETROOT, ...args, '--json']
    const server = this.lab.spawn(program, words)
    this.#server = server
    await server.stdout.waitFor(/^\{"listening".*\n/m, { timeoutMs: START_MS, ...this.#signal() })
    void this.#follow(server)
  }

  /** Kills the server at once, as a power cut would. */
  async kill(): Promise<void> {
    await this.#server?.kill('SIGKILL')
    await this.#server?.exited
  }

  /** Stops the server in an orderly way. */
  async stop(): Promise<void> {
    await this.#server?.stop()
  }

  /**
   * Waits for an event, one told before or one to come.
   *
   * @throws {TranscriptError} when it does not come in time; the message carries the story so far
   */
  async waitForEvent(
    accept: (told: ToldEvent) => boolean,
    options: { readonly timeoutMs?: number; readonly from?: number; readonly signal?: AbortSignal } = {},
  ): Promise<ToldEvent> {
    const { from = 0, timeoutMs = 120_000, signal = this.#options.signal } = options
    const deadline = performance.now() + timeoutMs
    for (let at = from; ; at += 1) {
      while (at >= this.#told.length) {
        await this.#words.waitFor(`<${at}>`, {
          timeoutMs: Math.max(1, deadline - performance.now()),
          ...(signal === undefined ? {} : { signal }),
        })
      }
      const told = this.#told[at]
      if (told !== undefined && accept(told)) return told
    }
  }

  /** The story so far, for the output of a failed test. */
  describe(): string {
    const lines = this.#told.map(({ boot, event }) => `${boot} ${JSON.stringify(event)}`)
    return ['--- events', ...lines, '--- the server wrote', this.serverOutput].join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.lab.close()
  }

  #signal(): { signal?: AbortSignal } {
    return this.#options.signal === undefined ? {} : { signal: this.#options.signal }
  }

  /** Reads the server's lines until it ends. */
  async #follow(server: LabProcess): Promise<void> {
    for (let from = 0; this.#server === server; ) {
      const newline = await server.stdout.waitFor('\n', { from, timeoutMs: 24 * 3600 * 1000 }).catch(() => undefined)
      if (newline === undefined) return
      this.#tell(server.stdout.text.slice(from, newline.end - 1))
      from = newline.end
    }
  }

  #tell(line: string): void {
    const parsed = JSON.parse(line) as ToldEvent | { readonly listening: unknown }
    if ('listening' in parsed) return
    this.#told.push(parsed)
    this.#words.append(`<${this.#told.length - 1}>`)
    this.#options.onEvent?.(parsed)
  }
}
