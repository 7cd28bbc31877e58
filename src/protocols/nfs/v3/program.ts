import { type Procedure, type RpcProgram, nullProcedure } from '../../rpc/program.ts'
import { NFS_PROGRAM, NFS_V3, PROCEDURE } from './constants.ts'
import { readDirectory, readDirectoryPlus } from './directory.ts'
import { commit, fsInfo, fsStatistics, pathConfiguration } from './file-system.ts'
import { access, getAttributes, lookup, readLink } from './metadata.ts'
import { type NfsService, procedure } from './procedure.ts'
import { read } from './read.ts'
import { refused, refusedLink, refusedRename } from './refused.ts'

const REFUSED = [
  PROCEDURE.setAttributes,
  PROCEDURE.write,
  PROCEDURE.create,
  PROCEDURE.makeDirectory,
  PROCEDURE.makeSymlink,
  PROCEDURE.makeNode,
  PROCEDURE.remove,
  PROCEDURE.removeDirectory,
]

/** NFS, program 100003, in version 3: RFC 1813, read-only. */
export function nfsProgram(service: NfsService): RpcProgram {
  const table: Procedure[] = []
  table[PROCEDURE.null] = nullProcedure
  table[PROCEDURE.getAttributes] = procedure(service, getAttributes)
  table[PROCEDURE.lookup] = procedure(service, lookup)
  table[PROCEDURE.access] = procedure(service, access)
  table[PROCEDURE.readLink] = procedure(service, readLink)
  table[PROCEDURE.read] = procedure(service, read)
  table[PROCEDURE.rename] = procedure(service, refusedRename)
  table[PROCEDURE.link] = procedure(service, refusedLink)
  table[PROCEDURE.readDirectory] = procedure(service, readDirectory)
  table[PROCEDURE.readDirectoryPlus] = procedure(service, readDirectoryPlus)
  table[PROCEDURE.fsStatistics] = procedure(service, fsStatistics)
  table[PROCEDURE.fsInfo] = procedure(service, fsInfo)
  table[PROCEDURE.pathConfiguration] = procedure(service, pathConfiguration)
  table[PROCEDURE.commit] = procedure(service, commit)
  for (const number of REFUSED) table[number] = procedure(service, refused)
  return { number: NFS_PROGRAM, name: 'nfs', versions: new Map([[NFS_V3, table]]) }
}
