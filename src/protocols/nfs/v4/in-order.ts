import type { Steps } from '../../rpc/steps.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { encodeHandle } from '../handle.ts'
import type { Compound } from './compound.ts'
import type { Owner } from './state/owners.ts'
import { NFS4, StatusError, refuse } from './status.ts'

/** These do not use up a sequence number, RFC 7530 §9.1.7. */
const NOT_COUNTED: ReadonlySet<number> = new Set([
  NFS4.staleClientId,
  NFS4.staleStateid,
  NFS4.badStateid,
  NFS4.badSeqid,
  NFS4.badXdr,
  NFS4.resource,
  NFS4.noFileHandle,
])

/**
 * Carries out an owner's request, once: in version 4.0 a repetition gets the answer that was given. Since version 4.1
 * sessions see to it.
 *
 * @throws {StatusError}
 */
export function* inOrder(compound: Compound, owner: Owner, sequence: number, run: () => Steps | undefined): Steps {
  if (compound.hasSessions) {
    yield* started(run)
    return
  }
  owner.usedAt = compound.keeper.now()
  if (owner.check(sequence) === 'again') {
    yield* repeat(compound, owner)
    return
  }
  const { reply } = compound
  const at = reply.length
  try {
    yield* started(run)
    owner.answered(sequence, { status: NFS4.ok, result: reply.copyFrom(at), handle: currentHandle(compound) })
  } catch (error) {
    if (error instanceof StatusError && !NOT_COUNTED.has(error.status)) {
      owner.answered(sequence, { status: error.status, result: resultOf(error), handle: undefined })
    }
    throw error
  }
}

function* started(run: () => Steps | undefined): Steps {
  const steps = run()
  if (steps !== undefined) yield* steps
}

function* repeat(compound: Compound, { reply }: Owner): Steps {
  const { status, result, handle } = reply ?? refuse(NFS4.badSeqid)
  if (status !== NFS4.ok) refuse(status, (w) => void w.fixed(result))
  compound.reply.fixed(result)
  if (handle !== undefined) compound.enter(yield* compound.service.namespace.find(handle))
}

function currentHandle({ current }: Compound): Buffer | undefined {
  if (current === undefined) return undefined
  const w = new XdrWriter()
  encodeHandle(w, current.served.key, current.node)
  return w.takeCopy().subarray(4)
}

function resultOf(error: StatusError): Buffer {
  const w = new XdrWriter()
  error.encodeResult?.(w)
  return w.takeCopy()
}
