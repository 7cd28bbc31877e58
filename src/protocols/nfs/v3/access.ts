import type { Attributes } from '../../../storage/file-tree.ts'
import type { Credential } from '../../rpc/credential.ts'
import { ACCESS } from './constants.ts'

/** Permission bits of one class: owner, group or others. */
const READ = 4
const EXECUTE = 1

/** What ACCESS, RFC 1813 §3.3.4, says of a read-only tree: the bits of `asked` that this caller may. */
export function grantedAccess(asked: number, caller: Credential, attributes: Attributes): number {
  let granted = 0
  if (mayRead(caller, attributes)) granted |= ACCESS.read
  if (mayExecute(caller, attributes)) granted |= attributes.type === 'directory' ? ACCESS.lookup : ACCESS.execute
  return granted & asked
}

/** True if the mode lets this caller read. */
export function mayRead(caller: Credential, attributes: Attributes): boolean {
  return caller.uid === 0 || (permissionsOf(caller, attributes) & READ) !== 0
}

/** True if the mode lets this caller run the file or search the directory. */
export function mayExecute(caller: Credential, attributes: Attributes): boolean {
  // Root searches every directory, but runs only what somebody may run.
  if (caller.uid === 0) return attributes.type === 'directory' || (attributes.mode & 0o111) !== 0
  return (permissionsOf(caller, attributes) & EXECUTE) !== 0
}

/**
 * True if READ should give this caller the content. A client has checked at open() and now reads for a process that
 * may have changed its identity since: so the owner may always, RFC 1813 §4.4; and to run a program is to read it.
 */
export function mayReadContent(caller: Credential, attributes: Attributes): boolean {
  return caller.uid === attributes.uid || mayRead(caller, attributes) || mayExecute(caller, attributes)
}

function permissionsOf({ uid, gid, gids }: Credential, { mode, uid: owner, gid: group }: Attributes): number {
  if (uid === owner) return (mode >> 6) & 7
  return gid === group || gids.includes(group) ? (mode >> 3) & 7 : mode & 7
}
