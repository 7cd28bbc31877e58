import { mayExecute } from '../../../storage/permissions.ts'
import { type WritableTree, isWritable } from '../../../storage/writable-tree.ts'
import type { RpcCall } from '../../rpc/program.ts'
import { type Located, grantOf } from '../located.ts'
import { squashed } from '../policy.ts'
import { mayReadContent, mayWriteContent } from '../v3/access.ts'
import type { Granted } from '../v3/granted.ts'
import { SHARE } from './constants.ts'
import { NFS4, refuse } from './status.ts'

/** A file with what this client is granted there; undefined if it may not even see the export. */
export function grantedTo({ peer, credential }: RpcCall, located: Located): Granted | undefined {
  const grant = grantOf(located.served, peer)
  return grant === undefined ? undefined : { ...located, grant, caller: squashed(credential, grant) }
}

/** The tree of a file that is to be changed. @throws {StatusError} NFS4ERR_ROFS */
export function writableTree({ served: { tree }, grant }: Granted): WritableTree {
  return grant.writes && isWritable(tree) ? tree : refuse(NFS4.readOnlyFileSystem)
}

/**
 * Whether a file may be opened so. The owner may always: the process that now reads or writes has been asked when it
 * opened, and may be another one since; and to run a program is to read it, RFC 8881 §18.16.4.
 *
 * @throws {StatusError} NFS4ERR_ROFS, NFS4ERR_ACCESS
 */
export function checkOpen(file: Granted, access: number): void {
  const { attributes, caller } = file
  if ((access & SHARE.write) !== 0) {
    writableTree(file)
    if (!mayWriteContent(caller, attributes)) refuse(NFS4.access)
  }
  if ((access & SHARE.read) !== 0 && !mayReadContent(caller, attributes)) refuse(NFS4.access)
}

/** @throws {StatusError} NFS4ERR_ACCESS if the caller may not look up names in the directory */
export function checkSearch({ caller, attributes }: Granted): void {
  if (!mayExecute(caller, attributes)) refuse(NFS4.access)
}
