import { createWriteStream, type WriteStream } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { listening } from './one-connection.ts'
import { TerminalText } from './terminal-text.ts'
import { Transcript, type TranscriptMatch, type WaitOptions } from './transcript.ts'

export interface ConsoleOptions {
  /** For messages. */
  readonly machine: string
  /** QEMU's end of the serial line. */
  readonly socket: Socket
  /** Every byte is written here, as the machine sent it. */
  readonly logFile: string
  /** People attach here: `socat -,raw,echo=0 UNIX-CONNECT:…`. */
  readonly attachPath: string
  readonly report: () => Promise<string>
}

/** A machine's serial console: what it wrote as plain text, and typing. */
export class Console {
  readonly logFile: string
  readonly attachPath: string
  readonly #socket: Socket
  readonly #log: WriteStream
  readonly #transcript: Transcript
  readonly #terminal = new TerminalText()
  readonly #attached = new Set<Socket>()
  readonly #server: Server

  static async open(options: ConsoleOptions): Promise<Console> {
    const machineConsole = new Console(options)
    await listening(machineConsole.#server, options.attachPath)
    return machineConsole
  }

  private constructor({ machine, socket, logFile, attachPath, report }: ConsoleOptions) {
    this.logFile = logFile
    this.attachPath = attachPath
    this.#socket = socket
    this.#log = createWriteStream(logFile)
    this.#log.on('error', () => undefined) // a full disk must not end the machine
    this.#transcript = new Transcript({ name: `console of ${machine}`, report })
    this.#server = createServer((person) => this.#attach(person))
    socket.on('data', (bytes) => this.#receive(bytes))
    socket.on('error', () => undefined) // QEMU has ended: `exited` tells
  }

  /** Everything so far, without escape sequences. */
  get text(): string {
    return this.#transcript.text
  }
  /** Where the text ends now; `waitFor(pattern, { from: position })` sees only what comes later. */
  get position(): number {
    return this.#transcript.position
  }
  lastLines(count: number): string {
    return this.#transcript.lastLines(count)
  }

  /**
   * Waits until the console shows the pattern, before now or later.
   *
   * @throws {TranscriptError} when it does not in time or the machine ends; the message carries the failure report
   */
  waitFor(pattern: RegExp | string, options: WaitOptions = {}): Promise<TranscriptMatch> {
    return this.#transcript.waitFor(pattern, options)
  }

  /** Types a line and Enter. */
  send(line: string): void {
    this.write(`${line}\r`)
  }
  /** Types exactly this. */
  write(text: string): void {
    this.#socket.write(text)
  }

  /** Says why nothing more will come, and closes the log. Calling it twice is fine. */
  async close(reason: string): Promise<void> {
    this.#transcript.end(reason)
    this.#socket.destroy()
    for (const person of this.#attached) person.end()
    this.#server.close()
    if (!this.#log.closed) await new Promise<void>((resolve) => this.#log.once('close', resolve).end())
  }

  #receive(bytes: Buffer | string): void {
    const chunk = Buffer.from(bytes)
    this.#log.write(chunk)
    for (const person of this.#attached) person.write(chunk)
    this.#transcript.append(this.#terminal.push(chunk))
  }

  #attach(person: Socket): void {
    this.#attached.add(person)
    person.on('data', (bytes) => this.#socket.write(bytes))
    person.on('error', () => undefined)
    person.once('close', () => this.#attached.delete(person))
  }
}
