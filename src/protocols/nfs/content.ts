import type { Steps } from '../rpc/steps.ts'
import { ready } from '../rpc/steps.ts'
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
export function* fill(
  reply: XdrWriter,
  { served: { openFiles }, node }: Located,
  offset: number,
  wanted: number,
  unread: boolean,
): Steps<number> {
  const opening = openFiles.acquire(node)
  const source = opening instanceof Promise ? yield* ready(opening) : opening
  if (unread && wanted >= SENT_BYTES && source.place?.isInMemory(offset, wanted) === true) {
    const done = (): void => openFiles.release(node)
    reply.leave({ source, position: offset, length: wanted, seenAt: performance.now(), done })
    return wanted
  }
  try {
    const reading = source.read(reply.reserve(wanted), offset)
    return reading instanceof Promise ? yield* ready(reading) : reading
  } finally {
    openFiles.release(node)
  }
}
