import { allowedMode, isOwner, mayGive, mayWrite } from '../../../../storage/permissions.ts'
import type { AttributeChanges } from '../../../../storage/writable-tree.ts'
import { type Steps, ready } from '../../../rpc/steps.ts'
import type { Located } from '../../located.ts'
import { NO_BITS, writeBitmap } from '../bitmap.ts'
import { type Compound, operation } from '../compound.ts'
import { SHARE } from '../constants.ts'
import { checkAccess } from '../find-state.ts'
import { callerOf, writableTree } from '../rights.ts'
import { type SentAttributes, readAttributes } from '../sent-attributes.ts'
import { readStateid } from '../stateid.ts'
import { NFS4, StatusError, refuse } from '../status.ts'

/** SETATTR, RFC 8881 §18.30. Its result has the attributes that were set, whatever the status. */
export const setAttributes = operation(
  (args, minor) => ({ stateid: readStateid(args), sent: readSent(args, minor) }),
  function* (compound, { stateid, sent }): Steps {
    const { file, reply } = compound
    try {
      if (sent instanceof StatusError) throw sent
      writableTree(file)
      const open = sent.size === undefined ? undefined : checkAccess(compound, stateid, SHARE.write)
      yield* setSent(compound, file, sent, open !== undefined)
    } catch (error) {
      if (error instanceof StatusError) refuse(error.status, (w) => writeBitmap(w, NO_BITS))
      throw error
    }
    compound.current = { ...file, attributes: yield* ready(file.served.tree.attributes(file.node)) }
    writeBitmap(reply, sent.bits)
  },
)

/** A refusal of the arguments is still to be answered with a bitmap. */
function readSent(...args: Parameters<typeof readAttributes>): SentAttributes | StatusError {
  try {
    return readAttributes(...args)
  } catch (error) {
    if (error instanceof StatusError) return error
    throw error
  }
}

/**
 * Sets what the client sent, where the caller may.
 *
 * @param open the caller has the file open for writing: then its length is his
 * @throws {StatusError} NFS4ERR_PERM, NFS4ERR_ACCESS, NFS4ERR_ROFS
 */
export function* setSent(compound: Compound, file: Located, sent: SentAttributes, open = false): Steps {
  const { bits: _bits, umask: _umask, ...wished } = sent
  if (Object.keys(wished).length === 0) return
  const tree = writableTree(file)
  checkChanges(compound, file, wished, open)
  const caller = callerOf(compound, file)
  const { mode, ...others } = wished
  const { type, gid } = file.attributes
  const changes: AttributeChanges =
    mode === undefined ? others : { ...others, mode: allowedMode(caller, mode, type, wished.gid ?? gid) }
  yield* ready(tree.setAttributes(file.node, changes))
}

function checkChanges(compound: Compound, file: Located, changes: AttributeChanges, open: boolean): void {
  const { attributes } = file
  const caller = callerOf(compound, file)
  const { size, mode, uid, gid, accessed, modified } = changes
  const owns = isOwner(caller, attributes)
  const writes = open || owns || mayWrite(caller, attributes)
  if (size !== undefined && attributes.type !== 'file')
    refuse(attributes.type === 'directory' ? NFS4.isDirectory : NFS4.invalid)
  if (size !== undefined && !writes) refuse(NFS4.access)
  if (mode !== undefined && !owns) refuse(NFS4.notOwner)
  if ((uid !== undefined || gid !== undefined) && !mayGive(caller, attributes, uid, gid)) refuse(NFS4.notOwner)
  // Who may write may set the times to now, but to nothing else.
  const toNow = [accessed, modified].every((time) => time === undefined || time === 'now')
  const times = accessed !== undefined || modified !== undefined
  if (times && !owns && !(toNow && writes)) refuse(toNow ? NFS4.access : NFS4.notOwner)
}
