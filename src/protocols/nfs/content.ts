import type { Awaitable, ByteSource } from '../../storage/byte-source.ts'
import type { XdrWriter } from '../rpc/xdr-writer.ts'
import type { Located } from './located.ts'

/** Bytes from which on a file is sent by the kernel itself; to copy fewer takes less than to ask whether they are in memory. */
const SENT_BYTES = 32 * 1024

/**
 * Puts content of a file into a reply, behind what is there: read into it at once where that does not wait. What is long
 * and in memory is not read at all but left to the kernel to send, where `unread` allows it.
 *
 * @param wanted bytes, more than 0
 * @returns how many bytes there were: fewer than `wanted` if the file became shorter
 */
export function fill(
  reply: XdrWriter,
  { served: { openFiles }, node }: Located,
  offset: number,
  wanted: number,
  unread: boolean,
): Awaitable<number> {
  const release = (): void => openFiles.release(node)
  const put = (source: ByteSource): Awaitable<number> => {
    const place = unread && wanted >= SENT_BYTES ? source.place : undefined
    if (place?.isInMemory(offset, wanted) === true) {
      reply.leave({ place, position: offset, length: wanted, seenAt: performance.now(), done: release })
      return wanted
    }
    return readInto(source, reply.reserve(wanted), offset, release)
  }
  const opening = openFiles.acquire(node)
  return opening instanceof Promise ? opening.then(put) : put(opening)
}

function readInto(source: ByteSource, room: Uint8Array, offset: number, release: () => void): Awaitable<number> {
  let reading: Awaitable<number> | undefined
  try {
    reading = source.read(room, offset)
    return reading instanceof Promise ? reading.finally(release) : reading
  } finally {
    if (!(reading instanceof Promise)) release()
  }
}
