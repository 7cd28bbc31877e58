import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeAck, encodeReadRequest, OPCODE, opcodeOf } from '../src/protocols/tftp/packet.ts'
import type { StormServerPorts } from './storm-server.ts'

/** What one machine went through. */
export interface MachineResult {
  /** Seconds from power on to the report of its initramfs; undefined if it gave up. */
  readonly seconds: number | undefined
  /** Times that a file was asked for again because nothing came. */
  readonly retries: number
  /** The places in the queue that its screen showed, one after the other. */
  readonly places: readonly number[]
  /** What made it give up. */
  readonly failure: string
}

const BLOCK = 1468
/** Seconds that PXE firmware waits for a packet, one try after the other (PXE 2.1, and what EDK II does). */
const FIRMWARE_WAITS = [4, 8, 16, 32] as const
/** Milliseconds without a byte after which iPXE gives a connection up. */
const IPXE_SILENCE_MS = 15_000
/** A script of ours tries again after this. */
const RETRY_MS = 5000
const MOST_RETRIES = 20

/** A machine as its firmware and iPXE behave, from its loader to its initramfs. */
export class StormMachine {
  readonly #ports: StormServerPorts
  readonly #mac: string
  /** Of its own: limits are per address. */
  readonly #address: string
  readonly #agent: Agent
  readonly #places: number[] = []
  #retries = 0

  constructor(ports: StormServerPorts, index: number) {
    this.#ports = ports
    const digits = index.toString(16).padStart(6, '0')
    this.#address = `127.1.${(index + 1) >> 8}.${(index + 1) & 0xff}`
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress: this.#address })
    this.#mac = `52:54:00:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}`
  }

  async boot(): Promise<MachineResult> {
    const began = performance.now()
    try {
      await this.#fetchLoader()
      for (const url of await this.#script()) await this.#persistently(() => this.#fetch(url))
      await this.#report()
      return this.#result((performance.now() - began) / 1000, '')
    } catch (error) {
      return this.#result(undefined, error instanceof Error ? error.message : String(error))
    } finally {
      this.#agent.destroy()
    }
  }

  #result(seconds: number | undefined, failure: string): MachineResult {
    return { seconds, retries: this.#retries, places: this.#places, failure }
  }

  /** TFTP as firmware speaks it: lock-step, one socket, a wait that doubles, then it stops with PXE-E32. */
  async #fetchLoader(): Promise<void> {
    const socket = createSocket('udp4').bind(0, this.#address)
    await once(socket, 'listening')
    try {
      await new Promise<void>((resolve, reject) => this.#receiveLoader(socket, resolve, reject))
    } finally {
      socket.close()
    }
  }
  #receiveLoader(socket: Socket, resolve: () => void, reject: (error: Error) => void): void {
    const options = new Map([['blksize', `${BLOCK}`]])
    const asked = encodeReadRequest({ filename: 'snponly.efi', mode: 'octet', options })
    let last = { datagram: asked, port: this.#ports.tftp }
    let block = 0
    let tries = 0
    let timer: NodeJS.Timeout | undefined
    const send = (): void => {
      socket.send(last.datagram, last.port, '127.0.0.1', () => undefined)
      clearTimeout(timer)
      timer = setTimeout(again, (FIRMWARE_WAITS[tries] ?? 0) * 1000)
    }
    const again = (): void => {
      tries += 1
      this.#retries += 1
      if (tries < FIRMWARE_WAITS.length) send()
      else reject(new Error('PXE-E32: TFTP open timeout'))
    }
    const answer = (datagram: Buffer, { port }: RemoteInfo): void => {
      const opcode = opcodeOf(datagram)
      const number = opcode === OPCODE.data ? datagram.readUInt16BE(2) : 0
      if (opcode === OPCODE.error) return reject(new Error(`PXE-T00: ${datagram.toString('latin1', 4)}`))
      if (opcode === OPCODE.data && number !== block + 1) return
      block = number
      tries = 0
      last = { datagram: encodeAck(number), port }
      send()
      if (opcode !== OPCODE.data || datagram.byteLength === BLOCK + 4) return
      clearTimeout(timer)
      resolve()
    }
    socket.on('message', answer)
    send()
  }

  /** The files that its script names; it waits its turn as the script says, and shows its place. */
  async #script(): Promise<string[]> {
    for (;;) {
      const url = `http://127.0.0.1:${this.#ports.http}/ipxe?mac=${this.#mac}`
      const text = await this.#persistently(() => this.#fetch(url))
      const wait = /^sleep (\d+)$/m.exec(text)?.[1]
      if (wait === undefined) return Array.from(text.matchAll(/^(?:kernel|initrd) (\S+)$/gm), ([, file = '']) => file)
      this.#places.push(Number(/place (\d+) of/.exec(text)?.[1]))
      await sleep(Number(wait) * 1000)
    }
  }

  /** As the script does: what fails is said, and tried again after some seconds. */
  async #persistently<T>(action: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await action()
      } catch (error) {
        if (tries === MOST_RETRIES) throw error
        this.#retries += 1
        await sleep(RETRY_MS)
      }
    }
  }

  /** Fetches a file; of a large one only the end is kept. */
  #fetch(url: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const received = (response: IncomingMessage): void => {
        let [bytes, text] = [0, '']
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.byteLength
          if (bytes < 10_000) text += chunk.toString()
        })
        response.once('end', () => {
          const whole = response.statusCode === 200 && bytes === Number(response.headers['content-length'])
          if (whole) resolve(text)
          else reject(new Error(`${url}: status ${response.statusCode}, ${bytes} bytes`))
        })
        response.once('error', reject)
      }
      const asking = get(url, { agent: this.#agent, timeout: IPXE_SILENCE_MS }, received)
      asking.once('timeout', () => asking.destroy(new Error(`${url}: connection timed out`)))
      asking.once('error', reject)
    })
  }

  async #report(): Promise<void> {
    const url = `http://127.0.0.1:${this.#ports.http}/report/${this.#mac.replaceAll(':', '')}`
    const posting = request(url, { method: 'POST', agent: this.#agent })
    posting.end('init\nkernel 6.12\n')
    const [response] = (await once(posting, 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
  }
}
