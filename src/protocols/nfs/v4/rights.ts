import { type Caller, mayExecute, mayRead, mayWrite } from '../../../storage/permissions.ts'
import { type WritableTree, isWritable } from '../../../storage/writable-tree.ts'
import type { Located } from '../located.ts'
import type { Compound } from './compound.ts'
import { SHARE } from './constants.ts'
import { NFS4, refuse } from './status.ts'

/** On whose behalf the compound is carried out in this export. */
export function callerOf({ call: { credential } }: Compound, _file: Located): Caller {
  return credential
}

/** True if anything in the export can be changed. */
export function canChange({ served }: Located): boolean {
  return isWritable(served.tree)
}

/** The tree of a file that is to be changed. @throws {StatusError} NFS4ERR_ROFS */
export function writableTree({ served: { tree } }: Located): WritableTree {
  return isWritable(tree) ? tree : refuse(NFS4.readOnlyFileSystem)
}

/**
 * Whether a file may be opened so. The owner may always: the process that now reads or writes has been asked when it
 * opened, and may be another one since; and to run a program is to read it, RFC 8881 §18.16.4.
 *
 * @throws {StatusError} NFS4ERR_ROFS, NFS4ERR_ACCESS
 */
export function checkOpen(compound: Compound, file: Located, access: number): void {
  const { attributes } = file
  const caller = callerOf(compound, file)
  if ((access & SHARE.write) !== 0) {
    writableTree(file)
    if (caller.uid !== attributes.uid && !mayWrite(caller, attributes)) refuse(NFS4.access)
  }
  if ((access & SHARE.read) !== 0 && !mayReadContent(caller, attributes)) refuse(NFS4.access)
}

/** True if the caller gets the content: as its owner, as a reader, or to run it. */
export function mayReadContent(caller: Caller, attributes: Located['attributes']): boolean {
  return caller.uid === attributes.uid || mayRead(caller, attributes) || mayExecute(caller, attributes)
}

/** @throws {StatusError} NFS4ERR_ACCESS if the caller may not look up names in the directory */
export function checkSearch(compound: Compound, directory: Located): void {
  if (!mayExecute(callerOf(compound, directory), directory.attributes)) refuse(NFS4.access)
}
