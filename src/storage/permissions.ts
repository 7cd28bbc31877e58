import type { Attributes } from './file-tree.ts'

/** On whose behalf something is done, after squashing. */
export interface Caller {
  readonly uid: number
  readonly gid: number
  /** Supplementary groups. */
  readonly gids: readonly number[]
}

/** Bits of a mode for one class: owner, group or others. */
const READ = 4
const WRITE = 2
const EXECUTE = 1
const STICKY = 0o1000
const SET_GROUP_ID = 0o2000
const SET_USER_ID = 0o4000
const GROUP_EXECUTE = 0o010

/** True if the mode lets this caller read. */
export function mayRead(caller: Caller, attributes: Attributes): boolean {
  return caller.uid === 0 || (permissionsOf(caller, attributes) & READ) !== 0
}

/** True if the mode lets this caller write a file, or add and remove names of a directory. */
export function mayWrite(caller: Caller, attributes: Attributes): boolean {
  return caller.uid === 0 || (permissionsOf(caller, attributes) & WRITE) !== 0
}

/** True if the mode lets this caller run the file or search the directory. */
export function mayExecute(caller: Caller, attributes: Attributes): boolean {
  // Root searches every directory, but runs only what somebody may run.
  if (caller.uid === 0) return attributes.type === 'directory' || (attributes.mode & 0o111) !== 0
  return (permissionsOf(caller, attributes) & EXECUTE) !== 0
}

/** True if this caller may add a name to the directory, or take any name that the sticky bit does not protect. */
export function mayChangeNames(caller: Caller, directory: Attributes): boolean {
  return mayWrite(caller, directory) && mayExecute(caller, directory)
}

/** True if this caller may remove or move the name of `node` in `directory`: there the sticky bit protects what is another's. */
export function mayRemove(caller: Caller, directory: Attributes, node: Attributes): boolean {
  if (!mayChangeNames(caller, directory)) return false
  return (directory.mode & STICKY) === 0 || [directory.uid, node.uid, 0].some((uid, at) => owns(caller, uid, at))
}

function owns(caller: Caller, uid: number, at: number): boolean {
  return at === 2 ? caller.uid === 0 : caller.uid === uid
}

/** True if this caller is the owner, or root: may change mode and times. */
export function isOwner(caller: Caller, attributes: Attributes): boolean {
  return caller.uid === 0 || caller.uid === attributes.uid
}

/** True if this caller belongs to the group. */
export function isMember({ gid, gids }: Caller, group: number): boolean {
  return gid === group || gids.includes(group)
}

/** True if this caller may give the node this owner and group: root any; the owner a group that he is a member of. */
export function mayGive(caller: Caller, attributes: Attributes, uid = attributes.uid, gid = attributes.gid): boolean {
  if (caller.uid === 0) return true
  return caller.uid === attributes.uid && uid === attributes.uid && (gid === attributes.gid || isMember(caller, gid))
}

/** The mode after a chmod by this caller: set-group-id is only for members of the group. */
export function allowedMode(caller: Caller, mode: number, type: Attributes['type'], gid: number): number {
  if (caller.uid === 0 || type === 'directory' || isMember(caller, gid)) return mode
  return mode & ~SET_GROUP_ID
}

/**
 * The mode of a file after somebody but root wrote to it, or anybody gave it away: without set-id bits. Set-group-id
 * without execution by the group means mandatory locking and stays.
 */
export function modeWithoutSetId({ mode, type }: Attributes): number {
  if (type === 'directory') return mode
  const dropped = (mode & GROUP_EXECUTE) === 0 ? SET_USER_ID : SET_USER_ID | SET_GROUP_ID
  return mode & ~dropped
}

/** Group and mode of a new node: a set-group-id directory passes its group on, and to directories the bit as well. */
export function inherited(
  caller: Caller,
  directory: Attributes,
  node: { readonly type: Attributes['type']; readonly mode: number },
): { readonly gid: number; readonly mode: number } {
  const inherits = (directory.mode & SET_GROUP_ID) !== 0
  const gid = inherits ? directory.gid : caller.gid
  if (node.type === 'directory') return { gid, mode: inherits ? node.mode | SET_GROUP_ID : node.mode }
  return { gid, mode: allowedMode(caller, node.mode, node.type, gid) }
}

function permissionsOf(caller: Caller, { mode, uid: owner, gid: group }: Attributes): number {
  if (caller.uid === owner) return (mode >> 6) & 7
  return isMember(caller, group) ? (mode >> 3) & 7 : mode & 7
}
