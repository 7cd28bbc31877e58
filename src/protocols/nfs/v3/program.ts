import { type Procedure, type RpcProgram, nullProcedure } from '../../rpc/program.ts'
import { NFS_PROGRAM, NFS_V3, PROCEDURE } from './constants.ts'
import { readDirectory, readDirectoryPlus } from './directory.ts'
import { EncodedDirectories } from './encoded-directories.ts'
import { DuplicateReplies } from '../duplicate-replies.ts'
import { create, makeDirectory, makeNode, makeSymlink } from './create.ts'
import { fsInfo, fsStatistics, pathConfiguration } from './file-system.ts'
import { access, getAttributes, lookup, readLink } from './metadata.ts'
import { type NfsProcedure, type NfsService, procedure } from './procedure.ts'
import { read } from './read.ts'
import { link, remove, removeDirectory, rename } from './remove.ts'
import { setAttributes } from './set-attributes.ts'
import { commit, write } from './write.ts'

/** NFS, program 100003, in version 3: RFC 1813. */
export function nfsProgram(service: NfsService): RpcProgram {
  const table: Procedure[] = []
  const replies = new DuplicateReplies()
  const once = <A>(number: number, parts: NfsProcedure<A>): void => {
    table[number] = replies.once(number, procedure(service, parts))
  }
  table[PROCEDURE.null] = nullProcedure
  table[PROCEDURE.getAttributes] = procedure(service, getAttributes)
  table[PROCEDURE.lookup] = procedure(service, lookup)
  table[PROCEDURE.access] = procedure(service, access)
  table[PROCEDURE.readLink] = procedure(service, readLink)
  table[PROCEDURE.read] = procedure(service, read)
  table[PROCEDURE.write] = procedure(service, write)
  once(PROCEDURE.setAttributes, setAttributes)
  once(PROCEDURE.create, create)
  once(PROCEDURE.makeDirectory, makeDirectory)
  once(PROCEDURE.makeSymlink, makeSymlink)
  once(PROCEDURE.makeNode, makeNode)
  once(PROCEDURE.remove, remove)
  once(PROCEDURE.removeDirectory, removeDirectory)
  once(PROCEDURE.rename, rename)
  once(PROCEDURE.link, link)
  table[PROCEDURE.readDirectory] = procedure(service, readDirectory)
  table[PROCEDURE.readDirectoryPlus] = procedure(service, readDirectoryPlus(new EncodedDirectories()))
  table[PROCEDURE.fsStatistics] = procedure(service, fsStatistics)
  table[PROCEDURE.fsInfo] = procedure(service, fsInfo)
  table[PROCEDURE.pathConfiguration] = procedure(service, pathConfiguration)
  table[PROCEDURE.commit] = procedure(service, commit)
  return { number: NFS_PROGRAM, name: 'nfs', versions: new Map([[NFS_V3, table]]) }
}
