import type { FileType, NodeId } from '../../../../storage/file-tree.ts'
import { mayChangeNames } from '../../../../storage/permissions.ts'
import type { Ownership, WritableTree } from '../../../../storage/writable-tree.ts'
import type { ByteString } from '../../../../wire/bytestring.ts'
import { type Steps, ready } from '../../../rpc/steps.ts'
import type { XdrReader } from '../../../rpc/xdr-reader.ts'
import { type Granted, settle } from '../../v3/granted.ts'
import { writeBitmap } from '../bitmap.ts'
import { writeChangeInfo } from '../change-info.ts'
import { operation } from '../compound.ts'
import { checkName } from '../names.ts'
import { writableTree } from '../rights.ts'
import { type SentAttributes, readAttributes } from '../sent-attributes.ts'
import { NFS4, refuse } from '../status.ts'
import { changeSince, fresh } from '../fresh.ts'
import { ownershipOf, stillToSet } from './create-file.ts'
import { readName } from './handles.ts'
import { change } from './set-attributes.ts'

const MAX_TARGET_BYTES = 4095
/** nfs_ftype4 of what CREATE makes: regular files are made by OPEN. */
const TYPE = new Map<number, Exclude<FileType, 'file'>>([
  [2, 'directory'],
  [3, 'block'],
  [4, 'character'],
  [5, 'symlink'],
  [6, 'socket'],
  [7, 'fifo'],
])

interface CreateArguments {
  readonly type: Exclude<FileType, 'file'>
  readonly target: ByteString
  readonly device: { readonly major: number; readonly minor: number }
  readonly name: ByteString
  readonly sent: SentAttributes
}

function readCreate(args: XdrReader, minor: number): CreateArguments {
  const type = TYPE.get(args.u32('type')) ?? refuse(NFS4.badType)
  const isDevice = type === 'block' || type === 'character'
  return {
    type,
    target: type === 'symlink' ? args.string(args.remaining, 'target') : '',
    device: isDevice ? { major: args.u32('major'), minor: args.u32('minor') } : { major: 0, minor: 0 },
    name: readName(args),
    sent: readAttributes(args, minor),
  }
}

/** CREATE, RFC 8881 §18.4: everything but regular files. */
export const create = operation(readCreate, function* (compound, args): Steps {
  const { directory } = compound
  const tree = writableTree(directory)
  checkName(args.name)
  if (!mayChangeNames(directory.caller, directory.attributes)) {
    const isThere = (yield* ready(tree.lookup(directory.node, args.name))) !== undefined
    refuse(isThere ? NFS4.exists : NFS4.access)
  }
  const owner = ownershipOf(directory, args.sent, args.type)
  const node = yield* ready(make(tree, directory, args, owner))
  const made = yield* fresh({ ...directory, node })
  yield* change(made, stillToSet(args.sent))
  yield* settle(tree, directory)
  const info = yield* changeSince(directory)
  compound.enter(yield* fresh(made))
  writeChangeInfo(compound.reply, info)
  writeBitmap(compound.reply, args.sent.bits)
})

function make(
  tree: WritableTree,
  { node: directory, caller }: Granted,
  { type, name, target, device }: CreateArguments,
  owner: Ownership,
): NodeId | Promise<NodeId> {
  if (type === 'directory') return tree.makeDirectory(directory, name, owner)
  if (type !== 'symlink') {
    // Only root makes devices: whoever may would own the disks of the machine.
    if ((type === 'block' || type === 'character') && caller.uid !== 0) refuse(NFS4.notOwner)
    return tree.makeNode(directory, name, { type, device }, owner)
  }
  if (target === '') refuse(NFS4.invalid)
  if (target.length > MAX_TARGET_BYTES) refuse(NFS4.nameTooLong)
  return tree.makeSymlink(directory, name, target, owner)
}
