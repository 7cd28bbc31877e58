import type { AttributeChanges, WritableFile } from '../../../../storage/writable-tree.ts'
import { type Steps, ready } from '../../../rpc/steps.ts'
import { allowedChanges } from '../../changes.ts'
import type { Granted } from '../../v3/granted.ts'
import { NO_BITS, writeBitmap } from '../bitmap.ts'
import { operation } from '../compound.ts'
import { SHARE } from '../constants.ts'
import { checkAccess } from '../find-state.ts'
import { writableTree } from '../rights.ts'
import { type SentAttributes, readAttributes } from '../sent-attributes.ts'
import { readStateid } from '../stateid.ts'
import { NFS4, StatusError, refuse } from '../status.ts'
import { statusOf } from '../status-of.ts'
import { fresh } from '../fresh.ts'

/** SETATTR, RFC 8881 §18.30. Its result has the attributes that were set, whatever the status. */
export const setAttributes = operation(
  (args, minor) => ({ stateid: readStateid(args), sent: readSent(args, minor) }),
  function* (compound, { stateid, sent }): Steps {
    const { file, reply } = compound
    try {
      if (sent instanceof StatusError) throw sent
      writableTree(file)
      if (sent.changes.size !== undefined) checkAccess(compound, stateid, SHARE.write)
      yield* change(file, sent.changes)
      compound.current = yield* fresh(file)
    } catch (error) {
      refuse(statusOf(error, compound), (w) => writeBitmap(w, NO_BITS))
    }
    writeBitmap(reply, sent instanceof StatusError ? NO_BITS : sent.bits)
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

/** Changes what the client wants changed. @throws {TreeError} where the caller may not; {StatusError} */
export function* change(file: Granted, changes: AttributeChanges): Steps {
  if (Object.keys(changes).length === 0) return
  const tree = writableTree(file)
  const { attributes, caller, node, grant } = file
  const { type } = attributes
  if (changes.size !== undefined && type !== 'file') refuse(type === 'directory' ? NFS4.isDirectory : NFS4.invalid)
  yield* ready(tree.setAttributes(node, allowedChanges(caller, attributes, changes)))
  if (changes.size === undefined || !grant.sync) return
  yield* commitFile(yield* ready(tree.open(node)))
}

function* commitFile(open: WritableFile): Steps {
  try {
    yield open.commit()
  } finally {
    yield open.close()
  }
}
