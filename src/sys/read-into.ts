import type { Socket } from 'node:net'

/** Bytes that a read brings at most: a client that is idle holds no more than the first. */
const [FEW_BYTES, MANY_BYTES] = [4096, 64 * 1024]

/**
 * Reads a plain TCP socket of a server into the same memory again and again: by the event `data` each read makes a
 * new piece of 64 KiB, and costs twice as much of the processor. `node:net` does so for the sockets of clients (`onread`);
 * of those that a server accepts it must be asked by what lies below. Errors and `end` come as ever; `pause()` and
 * `resume()` work.
 *
 * @param take gets what came; true if it keeps a part of it, so that the next goes elsewhere
 */
export function readInto(socket: Socket, take: (bytes: Buffer) => boolean): void {
  const inside = insideOf(socket)
  if (inside === undefined) {
    socket.on('data', (bytes: Buffer) => void take(bytes))
    return
  }
  const { fields, symbols, use } = inside
  let few = Buffer.allocUnsafeSlow(FEW_BYTES)
  let next: Buffer | undefined
  fields[symbols.kBuffer] = few
  fields[symbols.kBufferCb] = (length: number, from: Buffer) => {
    const kept = take(from.subarray(0, length))
    if (kept && from === few) few = Buffer.allocUnsafeSlow(FEW_BYTES)
    const more = length === from.byteLength // there may be more
    const same = !kept && more === (from !== few)
    next = same ? undefined : more ? Buffer.allocUnsafeSlow(MANY_BYTES) : few
    return true
  }
  fields[symbols.kBufferGen] = () => next
  use(few)
  socket.resume()
}

interface Inside {
  readonly fields: Record<symbol, unknown>
  readonly symbols: Readonly<Record<'kBuffer' | 'kBufferCb' | 'kBufferGen', symbol>>
  readonly use: (buffer: Buffer) => void
}

/** Undefined where this version of Node has it otherwise. */
function insideOf(socket: Socket): Inside | undefined {
  const named = new Map(Object.getOwnPropertySymbols(socket).map((symbol) => [symbol.description, symbol]))
  const [kBuffer, kBufferCb, kBufferGen] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map((name) => named.get(name))
  const handle: unknown = '_handle' in socket ? socket._handle : undefined
  if (kBuffer === undefined || kBufferCb === undefined || kBufferGen === undefined) return undefined
  if (typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle)) return undefined
  const { useUserBuffer } = handle
  if (typeof useUserBuffer !== 'function') return undefined
  return {
    fields: socket as unknown as Record<symbol, unknown>,
    symbols: { kBuffer, kBufferCb, kBufferGen },
    use: (buffer) => void useUserBuffer.call(handle, buffer),
  }
}
