import type { Socket } from 'node:net'
import { decodeMessage, encodeCommand, LineSplitter, type QmpEvent, type QmpMessage } from './qmp-message.ts'

/** A command that QEMU refused, or that got no answer because QEMU ended. */
export class QmpError extends Error {
  override readonly name = 'QmpError'
}

interface Pending {
  readonly command: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** QEMU's control socket: commands, their answers, and events. */
export class Qmp {
  readonly #socket: Socket
  readonly #pending = new Map<number, Pending>()
  readonly #listeners = new Set<(event: QmpEvent) => void>()
  readonly #greeting = Promise.withResolvers<string>()
  #nextId = 1
  #ended: Error | undefined

  /**
   * Waits for the greeting and leaves the negotiation mode.
   *
   * @throws {QmpError} if QEMU ends before that
   */
  static async connect(socket: Socket): Promise<Qmp> {
    const qmp = new Qmp(socket)
    await qmp.#greeting.promise
    await qmp.execute('qmp_capabilities')
    return qmp
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#greeting.promise.catch(() => undefined)
    const splitter = new LineSplitter()
    socket.setEncoding('utf8')
    socket.on('data', (text) => {
      for (const line of splitter.push(String(text))) this.#receive(line)
    })
    socket.on('error', () => undefined) // `close` follows
    socket.once('close', () => this.#end(new QmpError('QEMU closed its control socket')))
  }

  /**
   * Runs a command and returns its value.
   *
   * @throws {QmpError} with QEMU's words, or when QEMU ended before it answered
   */
  async execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (this.#ended !== undefined)
      throw new QmpError(`Cannot tell QEMU to ${command}: it has ended`, { cause: this.#ended })
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#pending.set(id, { command, resolve, reject })
    this.#socket.write(encodeCommand(id, command, args))
    return promise
  }

  /** Calls `listener` with every event from now on, until the returned function is called. */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Closes the socket; commands without an answer are rejected. */
  close(): void {
    this.#socket.destroy()
  }

  #receive(line: string): void {
    try {
      this.#dispatch(decodeMessage(line))
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)))
      this.#socket.destroy()
    }
  }

  #dispatch(message: QmpMessage): void {
    if (message.kind === 'greeting') return this.#greeting.resolve(message.version)
    if (message.kind === 'event') {
      for (const listener of this.#listeners) listener(message.event)
      return
    }
    const pending = message.id === undefined ? undefined : this.#pending.get(message.id)
    if (message.id === undefined || pending === undefined) return
    this.#pending.delete(message.id)
    if (message.kind === 'return') pending.resolve(message.value)
    else pending.reject(new QmpError(`QEMU refused ${pending.command}: ${message.description} (${message.errorClass})`))
  }

  #end(cause: Error): void {
    this.#ended ??= cause
    this.#greeting.reject(cause)
    for (const { command, reject } of this.#pending.values()) {
      reject(new QmpError(`QEMU ended before it answered ${command}`, { cause }))
    }
    this.#pending.clear()
  }
}
