import { modeWithoutSetId } from '../../../storage/permissions.ts'
import { isWritableFile, type WritableFile, type WritableTree } from '../../../storage/writable-tree.ts'
import { type Steps, ready } from '../../rpc/steps.ts'
import { commitFile } from '../commit.ts'
import { mayWriteContent } from './access.ts'
import { encodeNoWcc, encodeWcc } from './attributes.ts'
import { MAX_WRITE_BYTES, NFS3 } from './constants.ts'
import { find, type Granted, now, writable } from './granted.ts'
import { type NfsProcedure, readHandle } from './procedure.ts'
import { Refusal } from './status.ts'
import { toldWhenRefused } from './told.ts'

/** stable_how, §3.3.7 */
const STABLE = { unstable: 0, data: 1, file: 2 } as const
/** Beyond it a number of ours is not exact, and no file system has such a file. */
const MAX_POSITION = 2 ** 53 - 1

interface WriteArguments {
  readonly handle: Buffer
  readonly offset: number
  readonly stable: number
  readonly data: Buffer
}

/** WRITE, §3.3.7 */
export const write: NfsProcedure<WriteArguments> = {
  decode: (args) => {
    const [handle, offset] = [readHandle(args), args.u64('offset')]
    const count = args.u32('count')
    const stable = args.u32('stable')
    if (stable > STABLE.file) throw args.fail(`stable is ${stable}, want 0 to 2`)
    const data = args.opaque(MAX_WRITE_BYTES, 'data')
    return { handle, offset, stable, data: data.subarray(0, count) }
  },
  *run(service, call, { handle, offset, stable, data }) {
    const file = yield* find(service, call, handle)
    const { reply } = call
    const verifier = service.writeVerifier.bytes // if a commit fails meanwhile, this write is in doubt too
    yield* toldWhenRefused(service, reply, [file], function* () {
      const tree = writable(file)
      checkWrite(file, offset + data.byteLength)
      yield* withFile(file, function* (open) {
        yield* ready(open.write(data, offset))
        if (file.caller.uid !== 0) yield* dropSetId(tree, file)
        if (stable !== STABLE.unstable) yield* commitFile(open, service)
      })
      reply.u32(NFS3.ok)
      encodeWcc(reply, file, yield* now(file))
      reply.u32(data.byteLength).u32(stable === STABLE.unstable ? STABLE.unstable : STABLE.file)
      reply.fixed(verifier)
    })
  },
  fail: encodeNoWcc,
}

interface CommitArguments {
  readonly handle: Buffer
}

/** COMMIT, §3.3.21: all of the file, whatever part is asked for. */
export const commit: NfsProcedure<CommitArguments> = {
  decode: (args) => {
    const handle = readHandle(args)
    args.u64('offset')
    args.u32('count')
    return { handle }
  },
  *run(service, call, { handle }) {
    const file = yield* find(service, call, handle)
    const { reply } = call
    yield* toldWhenRefused(service, reply, [file], function* () {
      if (file.attributes.type !== 'file') throw new Refusal(NFS3.invalid)
      // What nobody can have written is on the disk.
      if (file.grant.writes) yield* withFile(file, (open) => commitFile(open, service))
      reply.u32(NFS3.ok)
      encodeWcc(reply, file, yield* now(file))
      reply.fixed(service.writeVerifier.bytes)
    })
  },
  fail: encodeNoWcc,
}

/** @throws {Refusal} */
function checkWrite({ attributes, caller }: Granted, end: number): void {
  if (attributes.type !== 'file') throw new Refusal(attributes.type === 'directory' ? NFS3.isDirectory : NFS3.invalid)
  if (!mayWriteContent(caller, attributes)) throw new Refusal(NFS3.access)
  if (end > MAX_POSITION) throw new Refusal(NFS3.fileTooBig)
}

/** A program that somebody else wrote to must not run with its owner's rights any more. */
function* dropSetId(tree: WritableTree, { node, attributes }: Granted): Steps {
  const mode = modeWithoutSetId(attributes)
  if (mode !== attributes.mode) yield* ready(tree.setAttributes(node, { mode }))
}

/** Does something with the file, open. @throws {Refusal} NFS3ERR_ROFS */
function* withFile({ served, node }: Granted, use: (open: WritableFile) => Steps): Steps {
  const open = yield* ready(served.openFiles.acquire(node))
  try {
    if (!isWritableFile(open)) throw new Refusal(NFS3.readOnlyFileSystem)
    yield* use(open)
  } finally {
    served.openFiles.release(node)
  }
}
