import type { ByteString } from '../../wire/bytestring.ts'
import { type Block, BlockPool } from './block-pool.ts'
import { type Gap, Gaps } from './gap.ts'
import { padded } from './xdr-reader.ts'

const UINT32 = 2 ** 32
const NOTHING = Buffer.alloc(0)
const NO_GAPS: readonly Gap[] = []
/** For what is written and copied at once: a fresh block for a few bytes keeps the garbage collector busy. */
const SCRATCH = new BlockPool(1024 * 1024)
const NOTHING_VIEW = new DataView(NOTHING.buffer, NOTHING.byteOffset, 0)

/** Finished messages, and the block they lie in: release it when they are sent. */
export interface Chunk {
  readonly bytes: Buffer
  readonly block: Block
  /** What is not in `bytes` yet, in order. */
  readonly gaps: readonly Gap[]
}

/**
 * Writes XDR items, RFC 4506, into a block of a pool. It holds any number of messages, one behind the other; offsets
 * and `length` are those of the message begun last, so they stay right when the block changes.
 */
export class XdrWriter {
  readonly #pool: BlockPool
  #block: Block | undefined
  #bytes: Buffer = NOTHING
  #view: DataView = NOTHING_VIEW
  /** Where the messages that nobody took yet begin, where the present one begins, where it ends. */
  #first = 0
  #start = 0
  #end = 0
  readonly #gaps = new Gaps()

  constructor(pool = SCRATCH) {
    this.#pool = pool
  }

  /** Begins a message. */
  begin(): void {
    this.#start = this.#end
  }
  /** Bytes of the present message. */
  get length(): number {
    return this.#end - this.#start
  }
  /** Bytes of all messages that nobody took yet. */
  get pending(): number {
    return this.#end - this.#first
  }
  /** Bytes of memory it holds. */
  get capacity(): number {
    return this.#bytes.byteLength
  }

  u32(value: number): this {
    const at = this.#grow(4) // first: it may change the view
    this.#view.setUint32(at, value)
    return this
  }
  /** §4.5; `value` is a whole number from 0 to 2^53. */
  u64(value: number): this {
    const at = this.#grow(8)
    this.#view.setUint32(at, Math.floor(value / UINT32))
    this.#view.setUint32(at + 4, value % UINT32)
    return this
  }
  bool(value: boolean): this {
    return this.u32(value ? 1 : 0)
  }
  /** Opaque data of fixed length, §4.9. */
  fixed(value: Uint8Array): this {
    this.reserve(value.byteLength).set(value)
    return this
  }
  /** Opaque data of variable length, §4.10. */
  opaque(value: Uint8Array): this {
    return this.u32(value.byteLength).fixed(value)
  }
  /** A string, §4.11. */
  string(value: ByteString): this {
    this.u32(value.length)
    const at = this.#grow(padded(value.length))
    this.#bytes.write(value, at, 'latin1')
    if (at + value.length < this.#end) this.#bytes.fill(0, at + value.length, this.#end)
    return this
  }
  /** Room for `length` bytes that the caller fills before anything else is written; their padding is zeroed. */
  reserve(length: number): Uint8Array {
    const at = this.#grow(padded(length))
    if (at + length < this.#end) this.#bytes.fill(0, at + length, this.#end)
    return this.#bytes.subarray(at, at + length)
  }
  /** Room for content that is sent from its file, see {@link Gap}; its padding is zeroed. */
  leave(content: Omit<Gap, 'at'>): void {
    const { length } = content
    const at = this.#grow(padded(length))
    this.#bytes.fill(0, at + length, this.#end)
    this.#gaps.add({ ...content, at })
  }
  /** Keeps, after `reserve()`, only the first `length` bytes of the room that begins at `offset`. */
  shorten(offset: number, length: number): void {
    const from = this.#start + offset + length
    this.#end = this.#start + offset + padded(length)
    this.#bytes.fill(0, from, this.#end)
  }
  /** Overwrites an item of the present message. */
  patchU32(offset: number, value: number): void {
    this.#view.setUint32(this.#start + offset, value)
  }
  /** Takes back what the present message has beyond `length` bytes. */
  truncate(length: number): void {
    this.#end = this.#start + length
    if (this.#gaps.any) this.#gaps.dropFrom(this.#end)
  }

  /** A copy of the present message from `offset` on. @throws {Error} if it has content there that was not read */
  copyFrom(offset: number): Buffer {
    if (this.#gaps.any && this.#gaps.anyFrom(this.#start + offset)) throw new Error('Cannot copy what was not read')
    return Buffer.from(this.#bytes.subarray(this.#start + offset, this.#end))
  }
  /** Takes everything as a copy of its own length; the block goes back to its pool. */
  takeCopy(): Buffer {
    const chunk = this.takeAll()
    if (chunk === undefined) return NOTHING
    const copy = Buffer.from(chunk.bytes)
    this.#pool.release(chunk.block)
    return copy
  }
  /** Takes the messages before the present one; this writer goes on with the present one alone. */
  takeFinished(): Chunk | undefined {
    if (this.#block === undefined || this.#start === this.#first) return undefined
    this.#block.holders += 1
    const bytes = this.#bytes.subarray(this.#first, this.#start)
    const chunk = { bytes, block: this.#block, gaps: this.#takeGaps(this.#start) }
    this.#first = this.#start
    return chunk
  }
  /** Takes everything; this writer begins anew and holds no memory. */
  takeAll(): Chunk | undefined {
    const block = this.#block
    if (block === undefined) return undefined
    const bytes = this.#bytes.subarray(this.#first, this.#end)
    const chunk = { bytes, block, gaps: this.#takeGaps(this.#end) }
    this.#use(undefined)
    this.#first = this.#start = this.#end = 0
    return chunk
  }

  #takeGaps(end: number): readonly Gap[] {
    return this.#gaps.any ? this.#gaps.take(this.#first, end) : NO_GAPS
  }
  #grow(count: number): number {
    const at = this.#end
    if (at + count <= this.#bytes.byteLength) {
      this.#end = at + count
      return at
    }
    this.#move(count)
    return this.#grow(count)
  }
  /** Goes on in a block with room for `count` bytes more. */
  #move(count: number): void {
    const old = this.#block
    const next = this.#pool.take(Math.max(this.pending + count, this.pending * 2))
    this.#bytes.copy(next.bytes, 0, this.#first, this.#end)
    if (this.#gaps.any) this.#gaps.shift(this.#first)
    this.#end -= this.#first
    this.#start -= this.#first
    this.#first = 0
    this.#use(next)
    if (old !== undefined) this.#pool.release(old)
  }
  #use(block: Block | undefined): void {
    this.#block = block
    this.#bytes = block?.bytes ?? NOTHING
    this.#view = block?.view ?? NOTHING_VIEW
  }
}
