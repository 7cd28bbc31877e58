import { setImmediate } from 'node:timers/promises'
import type { Awaitable, ByteSource } from '../../storage/byte-source.ts'

const LF = 10
const CR = 13
/** Bytes of the file between two places whose position in the translation is remembered. */
const STRIDE = 64 * 1024

/**
 * A source as netascii sends it, RFC 764: a line ends in CR LF, and a CR of its own is CR NUL. The file is read through
 * once beforehand, because its translated size must be known; after that any part can be read again.
 */
export async function netasciiSource(source: ByteSource, signal: AbortSignal): Promise<ByteSource> {
  const translation = new NetasciiSource(source)
  await translation.measure(signal)
  return translation
}

class NetasciiSource implements ByteSource {
  readonly #source: ByteSource
  /** `#starts[n]`: where the translation of stride n begins; the last entry is the end. */
  readonly #starts: number[] = [0]
  /** The stride translated last: a transfer goes from front to back. */
  #current: { readonly stride: number; readonly bytes: Uint8Array } | undefined

  constructor(source: ByteSource) {
    this.#source = source
  }
  get size(): number {
    return this.#starts.at(-1) ?? 0
  }
  async measure(signal: AbortSignal): Promise<void> {
    for (let stride = 0; stride * STRIDE < this.#source.size; stride += 1) {
      this.#starts.push(this.size + (await this.#translate(stride)).byteLength)
      await setImmediate(undefined, { signal }) // other clients have their turn
    }
  }
  async read(target: Uint8Array, position: number): Promise<number> {
    let length = 0
    while (length < target.byteLength && position + length < this.size) {
      const stride = this.#strideAt(position + length)
      const bytes = await this.#translate(stride)
      const part = bytes
        .subarray(position + length - (this.#starts[stride] ?? 0))
        .subarray(0, target.byteLength - length)
      if (part.byteLength === 0) break // the file is shorter than it was
      target.set(part, length)
      length += part.byteLength
    }
    return length
  }
  close(): Promise<void> {
    return this.#source.close()
  }

  #strideAt(position: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((this.#starts[middle] ?? 0) <= position) low = middle
      else high = middle
    }
    return low
  }
  async #translate(stride: number): Promise<Uint8Array> {
    if (this.#current?.stride === stride) return this.#current.bytes
    const raw = new Uint8Array(STRIDE)
    const length: Awaitable<number> = this.#source.read(raw, stride * STRIDE)
    const bytes = toNetascii(raw.subarray(0, await length))
    this.#current = { stride, bytes }
    return bytes
  }
}

/** Translates a text, byte by byte, so that its parts can be translated apart. */
export function toNetascii(text: Uint8Array): Uint8Array {
  const result = new Uint8Array(text.byteLength * 2)
  let length = 0
  for (const byte of text) {
    if (byte === LF) result[length++] = CR
    result[length++] = byte
    if (byte === CR) result[length++] = 0
  }
  return result.subarray(0, length)
}
