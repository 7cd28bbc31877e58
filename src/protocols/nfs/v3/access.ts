import type { Attributes } from '../../../storage/file-tree.ts'
import { type Caller, mayExecute, mayRead, mayWrite } from '../../../storage/permissions.ts'
import { ACCESS } from './constants.ts'

export { mayExecute, mayRead } from '../../../storage/permissions.ts'

/**
 * What ACCESS, RFC 1813 §3.3.4, says: the bits of `asked` that this caller may.
 *
 * @param writes false in an export that is read-only for this client
 */
export function grantedAccess(asked: number, caller: Caller, attributes: Attributes, writes = false): number {
  const isDirectory = attributes.type === 'directory'
  let granted = 0
  if (mayRead(caller, attributes)) granted |= ACCESS.read
  if (mayExecute(caller, attributes)) granted |= isDirectory ? ACCESS.lookup : ACCESS.execute
  if (writes && mayWrite(caller, attributes))
    granted |= ACCESS.modify | ACCESS.extend | (isDirectory ? ACCESS.delete : 0)
  return granted & asked
}

/**
 * True if READ should give this caller the content. A client has checked at open() and now reads for a process that
 * may have changed its identity since: so the owner may always, RFC 1813 §4.4; and to run a program is to read it.
 */
export function mayReadContent(caller: Caller, attributes: Attributes): boolean {
  return caller.uid === attributes.uid || mayRead(caller, attributes) || mayExecute(caller, attributes)
}

/** True if WRITE should take what this caller sends: as with READ the owner may always. */
export function mayWriteContent(caller: Caller, attributes: Attributes): boolean {
  return caller.uid === attributes.uid || mayWrite(caller, attributes)
}
