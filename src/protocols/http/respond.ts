import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import type { HttpAnswer } from './answer.ts'
import { type BodyMemory, ClientGone, readBody, sendBody, type Sink, type Tally } from './body.ts'
import { type Reply, replyInFull, replyTo, tooLongReply } from './reply.ts'

/** One request of `node:http` with what is needed to answer it. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly memory: BodyMemory
  readonly tally: Tally
}

/** Bytes of a body that is posted, where the route does not say. */
const POST_LIMIT = 256 * 1024

/**
 * Sends an answer, and takes the body that it asks for.
 *
 * @throws {ClientGone}, or an error of the answer's source, stream or handler
 */
export async function respond(exchange: Exchange, answer: HttpAnswer | undefined): Promise<void> {
  const { method = '', url = '', headers } = exchange.request
  const question = { method, url, headers }
  if (answer?.kind !== 'post' || method !== 'POST') return sendAndClose(exchange, replyTo(question, answer), answer)
  const { accept, maxBytes = POST_LIMIT } = answer
  const body = await readBody(exchange.request, maxBytes)
  if (body === undefined) return sendReply(exchange, tooLongReply(question, maxBytes))
  const said = await accept(body)
  await sendAndClose(exchange, replyInFull(question, said), said)
}

/** Closes the source of the answer, whether its bytes were wanted or not. */
async function sendAndClose(exchange: Exchange, reply: Reply, answer: HttpAnswer | undefined): Promise<void> {
  try {
    await sendReply(exchange, reply)
  } finally {
    if (answer?.kind === 'source') await answer.source.close()
  }
}

/** Sends what was made up. @throws as `respond` does */
export async function sendReply({ request, response, memory, tally }: Exchange, reply: Reply): Promise<void> {
  response.writeHead(reply.status, reply.headers)
  await sendBody(reply, sinkOf(response, request.socket), memory, tally)
  if (!response.writableEnded) response.end()
}

/** A response that waits for the one before it has no socket yet, and hears nothing of its end. */
function sinkOf(response: ServerResponse, socket: Socket): Sink {
  const isGone = (): boolean => response.destroyed || socket.destroyed
  return {
    write: (bytes, last) => (isGone() ? Promise.reject(new ClientGone()) : writeTo(response, bytes, { socket, last })),
  }
}

/**
 * Settled when the network took the bytes.
 *
 * @param socket whose end is the client's; `last` ends the stream with these bytes
 * @throws {ClientGone}
 */
export function writeTo(
  stream: Writable,
  bytes: Uint8Array,
  { socket, last }: { readonly socket: Socket; readonly last: boolean },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new ClientGone())
    socket.once('close', gone)
    const taken = (error?: Error | null): void => {
      socket.off('close', gone)
      if (error === null || error === undefined) resolve()
      else gone()
    }
    if (last) stream.end(bytes, taken)
    else stream.write(bytes, taken)
  })
}
