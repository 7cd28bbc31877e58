import { modeWithoutSetId } from '../../../../storage/permissions.ts'
import type { ByteSource } from '../../../../storage/byte-source.ts'
import { type WritableFile, isWritableFile } from '../../../../storage/writable-tree.ts'
import { type Steps, ready } from '../../../rpc/steps.ts'
import type { XdrReader } from '../../../rpc/xdr-reader.ts'
import { mayWriteContent } from '../../v3/access.ts'
import { commitFile } from '../../commit.ts'
import type { Granted } from '../../v3/granted.ts'
import { type Compound, type Operation, operation } from '../compound.ts'
import { SHARE } from '../constants.ts'
import { checkAccess } from '../find-state.ts'
import { writableTree } from '../rights.ts'
import { type Stateid, readStateid } from '../stateid.ts'
import { NFS4, refuse } from '../status.ts'
import { fresh } from '../fresh.ts'
import { checkIsFile } from './read.ts'

/** stable_how4 */
const STABLE = { unstable: 0, file: 2 } as const
/** Beyond it a number of ours is not exact, and no file system has such a file. */
const MAX_POSITION = 2 ** 53 - 1

/** WRITE, RFC 8881 §18.32 */
export const write = operation(
  (args) => {
    const [stateid, offset, stable] = [readStateid(args), args.u64('offset'), args.u32('stable')]
    if (stable > STABLE.file) throw args.fail(`stable is ${stable}, want 0 to 2`)
    return { stateid, offset, stable, data: args.opaque(args.remaining, 'data') }
  },
  function* (compound, { stateid, offset, stable, data }): Steps {
    const file = checkWrite(compound, stateid, offset + data.byteLength)
    const verifier = compound.service.writeVerifier.bytes // if a commit fails meanwhile, this write is in doubt too
    yield* withFile(file, function* (open) {
      yield* ready(open.write(data, offset))
      if (file.caller.uid !== 0) yield* dropSetId(file)
      if (stable !== STABLE.unstable) yield* commitFile(open, compound.service)
    })
    compound.current = yield* fresh(file)
    compound.reply.u32(data.byteLength).u32(stable === STABLE.unstable ? STABLE.unstable : STABLE.file)
    compound.reply.fixed(verifier)
  },
)

/** COMMIT, §18.3: all of the file, whatever part is asked for. */
export const commit = operation(
  (args) => ({ offset: args.u64('offset'), count: args.u32('count') }),
  function* (compound): Steps {
    const { file } = compound
    checkIsFile(compound, file)
    // What nobody can have written is on the disk.
    if (file.grant.writes) {
      yield* withFile(file, (open) => commitFile(open, compound.service))
    }
    compound.reply.fixed(compound.service.writeVerifier.bytes)
  },
)

function readSpan(args: XdrReader): { stateid: Stateid; offset: number; length: number } {
  return { stateid: readStateid(args), offset: args.u64('offset'), length: args.u64('length') }
}

/** ALLOCATE, RFC 7862 §15.1: room for bytes. */
export const allocate = reserving('allocate')

/** DEALLOCATE, RFC 7862 §15.4: none any more. */
export const deallocate = reserving('punch')

function reserving(how: 'allocate' | 'punch'): Operation {
  return operation(readSpan, function* (compound, { stateid, offset, length }): Steps {
    if (length === 0) refuse(NFS4.invalid)
    const file = checkWrite(compound, stateid, offset + length)
    yield* withFile(file, function* (open): Steps {
      yield* ready(open.reserve(how, offset, length))
    })
    compound.current = yield* fresh(file)
  })
}

/** data_content4, as SEEK asks for it */
const SOUGHT = ['data', 'hole'] as const

/** SEEK, RFC 7862 §15.11. A tree that does not know where its files have holes says that they have none. */
export const seek = operation(
  (args) => ({ stateid: readStateid(args), offset: args.u64('offset'), what: args.u32('what') }),
  function* (compound, { stateid, offset, what }): Steps {
    const { file, reply } = compound
    const region = SOUGHT[what] ?? refuse(NFS4.invalid)
    checkIsFile(compound, file)
    checkAccess(compound, stateid, SHARE.read)
    const { size } = file.attributes
    if (offset >= size) refuse(NFS4.noSuchPosition)
    let found: number | undefined = region === 'data' ? offset : size
    yield* withSource(file, function* (open): Steps {
      if (open.seek !== undefined) found = yield* ready(open.seek(offset, region))
    })
    reply.bool(found === undefined || found >= size).u64(found ?? size)
  },
)

/** The current file, if it may be written up to `end` with this stateid. @throws {StatusError} */
function checkWrite(compound: Compound, stateid: Stateid, end: number): Granted {
  const { file } = compound
  checkIsFile(compound, file)
  writableTree(file)
  const open = checkAccess(compound, stateid, SHARE.write)
  if (open === undefined && !mayWriteContent(file.caller, file.attributes)) refuse(NFS4.access)
  if (end > MAX_POSITION) refuse(NFS4.tooBig)
  return file
}

/** A program that somebody else wrote to must not run with its owner's rights any more. */
function* dropSetId(file: Granted): Steps {
  const mode = modeWithoutSetId(file.attributes)
  if (mode !== file.attributes.mode) yield* ready(writableTree(file).setAttributes(file.node, { mode }))
}

/** Does something with the file, open. @throws {StatusError} NFS4ERR_ROFS */
function withFile(file: Granted, use: (open: WritableFile) => Steps): Steps {
  return withSource(file, (open) => use(isWritableFile(open) ? open : refuse(NFS4.readOnlyFileSystem)))
}

function* withSource({ served, node }: Granted, use: (open: ByteSource) => Steps): Steps {
  const open = yield* ready(served.openFiles.acquire(node))
  try {
    yield* use(open)
  } finally {
    served.openFiles.release(node)
  }
}
