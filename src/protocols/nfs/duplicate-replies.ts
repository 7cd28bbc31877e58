import { crc32 } from 'node:zlib'
import type { Procedure, RpcCall } from '../rpc/program.ts'
import type { Steps } from '../rpc/steps.ts'

/** Replies kept of one client, and clients of whom any are kept. */
const MOST_REPLIES = 256
const MOST_CLIENTS = 2048

/**
 * The replies to calls that must not be carried out twice, RFC 1813 §4.5. A client whose connection broke asks again,
 * with the same number and the same arguments: it gets the reply that it missed. They are kept in memory alone, so a
 * server that was started again carries a call out anew, as all servers of version 3 do.
 */
export class DuplicateReplies {
  /** By address; the client that called last is last. */
  readonly #clients = new Map<string, Map<string, Promise<Buffer>>>()

  /** The procedure, carried out once for each call. @param number of the procedure */
  once(number: number, procedure: Procedure): Procedure {
    return (call) => this.#answer(number, procedure, call)
  }

  #answer(number: number, procedure: Procedure, call: RpcCall): Steps | undefined {
    const { args, peer, xid, credential } = call
    const replies = this.#repliesOf(peer.address)
    const body = args.peek()
    // A client that connects anew does so from the same port: another port is another client, whose numbers are its own.
    const key = [peer.port, xid, number, credential.uid, body.byteLength, crc32(body)].join(' ')
    const known = replies.get(key)
    if (known !== undefined) return repeat(call, known)
    const steps = procedure(call) // what cannot be decoded is thrown here and never kept
    if (steps === undefined) return undefined
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    promise.catch(() => replies.delete(key))
    replies.set(key, promise)
    const [oldest] = replies.keys()
    if (replies.size > MOST_REPLIES && oldest !== undefined) replies.delete(oldest)
    return keep(call, steps, resolve, reject)
  }

  #repliesOf(address: string): Map<string, Promise<Buffer>> {
    const replies = this.#clients.get(address) ?? new Map<string, Promise<Buffer>>()
    this.#clients.delete(address)
    this.#clients.set(address, replies)
    const [oldest] = this.#clients.keys()
    if (this.#clients.size > MOST_CLIENTS && oldest !== undefined) this.#clients.delete(oldest)
    return replies
  }
}

function* keep(
  { reply }: RpcCall,
  steps: Steps,
  done: (reply: Buffer) => void,
  failed: (error: unknown) => void,
): Steps {
  const start = reply.length
  try {
    yield* steps
  } catch (error) {
    failed(error)
    throw error
  }
  done(reply.copyFrom(start))
}

/** The first call may still be under way. */
function* repeat({ reply }: RpcCall, known: Promise<Buffer>): Steps {
  reply.fixed((yield known) as Buffer)
}
