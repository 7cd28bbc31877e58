import type { Attributes } from '../../storage/file-tree.ts'
import { type Caller, allowedMode, isOwner, mayGive, mayWrite, modeWithoutSetId } from '../../storage/permissions.ts'
import { type AttributeChanges, TreeError } from '../../storage/writable-tree.ts'

/** What is left of changes that a client asked for, as chmod(2), chown(2), truncate(2) and utimensat(2) would have it. */
export function allowedChanges(caller: Caller, attributes: Attributes, asked: AttributeChanges): AttributeChanges {
  const { mode, uid, gid, size } = asked
  checkOwner(caller, attributes, asked)
  checkTimes(caller, attributes, asked)
  if (size !== undefined && !isOwner(caller, attributes) && !mayWrite(caller, attributes)) {
    throw new TreeError('EACCES', 'The caller may not write the file')
  }
  const { type, gid: group } = attributes
  if (mode !== undefined) return { ...asked, mode: allowedMode(caller, mode, type, gid ?? group) }
  const losesSetId = uid !== undefined || gid !== undefined || (size !== undefined && caller.uid !== 0)
  const left = modeWithoutSetId(attributes)
  return losesSetId && left !== attributes.mode ? { ...asked, mode: left } : asked
}

function checkOwner(caller: Caller, attributes: Attributes, { mode, uid, gid }: AttributeChanges): void {
  if (mode !== undefined && !isOwner(caller, attributes)) throw new TreeError('EPERM', 'The caller is not the owner')
  if ((uid !== undefined || gid !== undefined) && !mayGive(caller, attributes, uid, gid)) {
    throw new TreeError('EPERM', 'The caller may not give the file away')
  }
}

/** The owner sets any time; who may write sets the present one, and both together. */
function checkTimes(caller: Caller, attributes: Attributes, { accessed, modified }: AttributeChanges): void {
  if ((accessed === undefined && modified === undefined) || isOwner(caller, attributes)) return
  const toNow = [accessed, modified].every((time) => time === 'now' || time === undefined)
  if (!toNow) throw new TreeError('EPERM', 'The caller is not the owner')
  if (!mayWrite(caller, attributes)) throw new TreeError('EACCES', 'The caller may not write the file')
}
