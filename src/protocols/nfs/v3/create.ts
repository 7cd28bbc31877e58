import type { FileType, NodeId } from '../../../storage/file-tree.ts'
import { inherited, isOwner, mayChangeNames, mayWrite } from '../../../storage/permissions.ts'
import type {
  AttributeChanges,
  CreateMode,
  Ownership,
  SpecialNode,
  WritableTree,
} from '../../../storage/writable-tree.ts'
import { type Steps, ready } from '../../rpc/steps.ts'
import type { XdrReader } from '../../rpc/xdr-reader.ts'
import { allowedChanges } from '../changes.ts'
import { encodeHandle } from '../handle.ts'
import { encodeNoWcc, encodeWcc } from './attributes.ts'
import { FILE_TYPE, NFS3 } from './constants.ts'
import { findDirectory, type Granted, now, settle, writable } from './granted.ts'
import { type NfsProcedure, readHandle } from './procedure.ts'
import { readSentAttributes } from './sent-attributes.ts'
import { Refusal } from './status.ts'
import { encodePresent, toldWhenRefused } from './told.ts'

/** diropargs3, §2.6 */
interface Place {
  readonly handle: Buffer
  readonly name: string
}

export function readPlace(args: XdrReader): Place {
  return { handle: readHandle(args), name: args.string(args.remaining, 'name') }
}

/** What is to be made: the attributes that the client wants, and how it comes into being. */
interface Making extends Place {
  readonly type: FileType
  readonly asked: AttributeChanges
  readonly make: (tree: WritableTree, directory: Granted, owner: Ownership) => Steps<{ node: NodeId; made: boolean }>
}

/** createmode3, §3.3.8 */
const CREATE_MODES = ['unchecked', 'guarded', 'exclusive'] as const

/** CREATE, §3.3.8 */
export const create: NfsProcedure<Making> = making((args) => {
  const place = readPlace(args)
  const how = args.u32('create mode')
  const kind = CREATE_MODES[how]
  if (kind === undefined) throw args.fail(`create mode is ${how}, want 0 to 2`)
  const isExclusive = kind === 'exclusive'
  const mode: CreateMode = isExclusive ? { kind, verifier: Uint8Array.from(args.fixed(8, 'verifier')) } : { kind }
  const asked = isExclusive ? {} : readSentAttributes(args)
  const make = function* (tree: WritableTree, directory: Granted, owner: Ownership): ReturnType<Making['make']> {
    const created = yield* ready(tree.createFile(directory.node, place.name, owner, mode))
    if (!created.made && kind === 'unchecked') yield* openExisting(tree, directory, created.node, asked)
    return created
  }
  return { ...place, type: 'file', asked, make }
})

/** Of a file that was there only its length is set, if the caller may. */
function* openExisting(tree: WritableTree, { caller }: Granted, node: NodeId, { size }: AttributeChanges): Steps {
  if (size === undefined) return
  const attributes = yield* ready(tree.attributes(node))
  if (!isOwner(caller, attributes) && !mayWrite(caller, attributes)) throw new Refusal(NFS3.access)
  yield* ready(tree.setAttributes(node, allowedChanges(caller, attributes, { size })))
}

/** MKDIR, §3.3.9 */
export const makeDirectory: NfsProcedure<Making> = making((args) => {
  const place = readPlace(args)
  const asked = readSentAttributes(args)
  return {
    ...place,
    type: 'directory',
    asked,
    make: (tree, { node }, owner) => made(tree.makeDirectory(node, place.name, owner)),
  }
})

/** SYMLINK, §3.3.10 */
export const makeSymlink: NfsProcedure<Making> = making((args) => {
  const place = readPlace(args)
  const asked = readSentAttributes(args)
  const target = args.string(args.remaining, 'target')
  return {
    ...place,
    type: 'symlink',
    asked,
    make: (tree, { node }, owner) => made(tree.makeSymlink(node, place.name, target, owner)),
  }
})

/** MKNOD, §3.3.11 */
export const makeNode: NfsProcedure<Making> = making((args) => {
  const place = readPlace(args)
  const type = specialType(args.u32('type'))
  const isDevice = type === 'character' || type === 'block'
  const asked = type === undefined ? {} : readSentAttributes(args)
  const device = isDevice ? { major: args.u32('major'), minor: args.u32('minor') } : { major: 0, minor: 0 }
  const make: Making['make'] = (tree, directory, owner) => {
    if (type === undefined) throw new Refusal(NFS3.badType)
    // Only root makes devices: whoever may would own the disks of the machine.
    if (isDevice && directory.caller.uid !== 0) throw new Refusal(NFS3.notOwner)
    return made(tree.makeNode(directory.node, place.name, { type, device }, owner))
  }
  return { ...place, type: type ?? 'fifo', asked, make }
})

function specialType(number: number): SpecialNode['type'] | undefined {
  const types = ['block', 'character', 'socket', 'fifo'] as const
  return types.find((type) => FILE_TYPE[type] === number)
}

function* made(node: NodeId | Promise<NodeId>): Steps<{ node: NodeId; made: boolean }> {
  return { node: yield* ready(node), made: true }
}

/** A procedure that makes something in a directory. All four answer alike, §3.3.8 to §3.3.11. */
function making(decode: (args: XdrReader) => Making): NfsProcedure<Making> {
  return {
    decode,
    *run(service, call, wanted) {
      const directory = yield* findDirectory(service, call, wanted.handle)
      const { reply } = call
      yield* toldWhenRefused(service, reply, [directory], function* () {
        const tree = writable(directory)
        const node = yield* makeIn(tree, directory, wanted)
        yield* settle(tree, directory)
        reply.u32(NFS3.ok).u32(1)
        encodeHandle(reply, directory.served.key, node)
        yield* encodePresent(reply, { ...directory, node })
        encodeWcc(reply, directory, yield* now(directory))
      })
    },
    fail: encodeNoWcc,
  }
}

function* makeIn(tree: WritableTree, directory: Granted, { name, type, asked, make }: Making): Steps<NodeId> {
  const { caller, attributes } = directory
  if (!mayChangeNames(caller, attributes)) {
    const isThere = (yield* ready(tree.lookup(directory.node, name))) !== undefined
    if (type !== 'file' || !isThere) throw new Refusal(isThere ? NFS3.exists : NFS3.access)
  }
  const owner = { uid: caller.uid, ...inherited(caller, attributes, { type, mode: asked.mode ?? 0 }) }
  const { node, made: isNew } = yield* make(tree, directory, owner)
  if (isNew) yield* setRest(tree, directory, node, asked)
  return node
}

/** What else the client sent with it: owner, size, times. */
function* setRest(tree: WritableTree, { caller }: Granted, node: NodeId, asked: AttributeChanges): Steps {
  const { uid, gid, size, accessed, modified } = asked
  const attributes = yield* ready(tree.attributes(node))
  const owner = {
    ...(uid === undefined || uid === attributes.uid ? {} : { uid }),
    ...(gid === undefined || gid === attributes.gid ? {} : { gid }),
  }
  const times = { ...(accessed === undefined ? {} : { accessed }), ...(modified === undefined ? {} : { modified }) }
  const changes = { ...(size === undefined ? {} : { size }), ...times, ...owner }
  if (Object.keys(changes).length > 0)
    yield* ready(tree.setAttributes(node, allowedChanges(caller, attributes, changes)))
}
