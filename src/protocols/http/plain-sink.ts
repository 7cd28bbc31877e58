import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Awaitable } from '../../storage/byte-source.ts'
import type { DirectSender, FilePart } from '../../sys/direct-sender.ts'
import { ClientGone, type Sink } from './body.ts'
import type { PlainRequest } from './plain-request.ts'
import type { Reply } from './reply.ts'
import { writeTo } from './respond.ts'

/** Head and body go out in one call if they are not longer together. */
const TOGETHER = 64 * 1024
const NOTHING = Buffer.alloc(0)
/** Where head and body are put together. The kernel has copied them when the call returns. */
const scratch = Buffer.allocUnsafeSlow(TOGETHER)

let [dateSecond, dateText] = [0, '']

/** The field `Date`, RFC 9110 §6.6.1: made once a second. */
function dateNow(): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== dateSecond) [dateSecond, dateText] = [second, new Date(second * 1000).toUTCString()]
  return dateText
}

/** Whether the body is sent in pieces that say how long they are, RFC 9112 §7.1: an older client reads to the end. */
export function isChunked({ body, headers }: Reply, { version }: PlainRequest): boolean {
  return body.kind === 'stream' && headers['Content-Length'] === undefined && version === '1.1'
}

/** Status line and headers, up to the empty line. */
export function headOf({ status, headers }: Reply, keepAlive: string, chunked: boolean): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`
  for (const name in headers) if (name !== 'Connection') head += `${name}: ${headers[name]}\r\n`
  if (chunked) head += 'Transfer-Encoding: chunked\r\n'
  return `${head}Date: ${dateNow()}\r\n${keepAlive}\r\n`
}

/** Sends the reply to one plain request by way of the kernel itself where it can, through the stream of Node where not. */
export class PlainSink implements Sink {
  readonly #socket: Socket
  readonly #direct: DirectSender | undefined
  readonly #moved: () => void
  readonly #chunked: boolean
  /** What is to stand before the next bytes; ASCII. */
  #head: string

  /** @param moved called whenever the network took something */
  constructor(
    socket: Socket,
    head: string,
    {
      direct,
      chunked,
      moved,
    }: { readonly direct: DirectSender | undefined; readonly chunked: boolean; readonly moved: () => void },
  ) {
    this.#socket = socket
    this.#head = head
    this.#direct = direct
    this.#chunked = chunked
    this.#moved = moved
  }

  write(bytes: Uint8Array): Awaitable<void> {
    if (this.#socket.destroyed) throw new ClientGone()
    this.#moved()
    if (!this.#chunked) return this.#write(bytes)
    const size = Buffer.from(`${bytes.byteLength.toString(16)}\r\n`)
    return this.#write(Buffer.concat([size, bytes, Buffer.from('\r\n')]))
  }
  sendFile(part: FilePart): number {
    if (this.#direct === undefined || this.#chunked) return 0
    if (this.#head !== '') {
      const sent = this.#direct.send(this.#socket, Buffer.from(this.#head, 'latin1'), true)
      this.#head = this.#head.slice(sent)
      if (this.#head !== '') return 0
    }
    const sent = this.#direct.sendFile(this.#socket, part)
    if (sent > 0) this.#moved()
    return sent
  }
  /** Sends what is left when the body is over. */
  end(): Awaitable<void> {
    if (this.#chunked) return this.#write(Buffer.from('0\r\n\r\n'))
    return this.#head === '' ? undefined : this.#write(NOTHING)
  }

  #write(bytes: Uint8Array): Awaitable<void> {
    const [head, length] = [this.#head, this.#head.length + bytes.byteLength]
    this.#head = ''
    if (length > TOGETHER || this.#direct === undefined) return this.#writeLong(head, bytes)
    scratch.write(head, 0, 'latin1')
    scratch.set(bytes, head.length)
    const sent = this.#direct.send(this.#socket, scratch.subarray(0, length), false)
    if (sent === length) return undefined
    const isHeadSent = sent >= head.length // then what is left is still where it was
    return this.#writeLater(
      isHeadSent ? bytes.subarray(sent - head.length) : Buffer.from(scratch.subarray(sent, length)),
    )
  }
  #writeLong(head: string, bytes: Uint8Array): Awaitable<void> {
    if (head === '') {
      const sent = this.#direct?.send(this.#socket, bytes, false) ?? 0
      return sent === bytes.byteLength ? undefined : this.#writeLater(bytes.subarray(sent))
    }
    this.#socket.cork()
    this.#socket.write(head, 'latin1')
    const taken = this.#writeLater(bytes)
    this.#socket.uncork()
    return taken
  }
  async #writeLater(bytes: Uint8Array): Promise<void> {
    await writeTo(this.#socket, bytes, { socket: this.#socket, last: false })
    this.#moved()
  }
}
