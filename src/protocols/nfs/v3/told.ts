import type { Steps } from '../../rpc/steps.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { encodeNoPostOp, encodePostOp, encodeWcc } from './attributes.ts'
import { type Granted, now } from './granted.ts'
import type { NfsService } from './procedure.ts'
import { statusOf } from './status.ts'

/**
 * Carries out a change. If it is refused, the status is followed by the wcc_data of these nodes: a client that knows what
 * a directory is like need not ask again.
 *
 * @param plain a node whose mere attributes come before them, as in LINK
 */
export function* toldWhenRefused(
  { log }: NfsService,
  reply: XdrWriter,
  nodes: readonly Granted[],
  change: () => Steps,
  plain?: Granted,
): Steps {
  const start = reply.length
  try {
    yield* change()
  } catch (error) {
    reply.truncate(start)
    reply.u32(statusOf(error, log))
    if (plain !== undefined) yield* encodePresent(reply, plain)
    for (const node of nodes) encodeWcc(reply, node, yield* now(node))
  }
}

/** post_op_attr of what a node is like now. */
export function* encodePresent(reply: XdrWriter, node: Granted): Steps {
  const attributes = yield* now(node)
  if (attributes === undefined) encodeNoPostOp(reply)
  else encodePostOp(reply, { ...node, attributes })
}
