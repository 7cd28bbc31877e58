import { type Ownership, type CreateMode, type WritableTree, isWritable } from '../../../../storage/writable-tree.ts'
import { inherited, mayChangeNames } from '../../../../storage/permissions.ts'
import type { Attributes } from '../../../../storage/file-tree.ts'
import { type Steps, ready } from '../../../rpc/steps.ts'
import type { Located } from '../../located.ts'
import { ATTRIBUTE } from '../attribute.ts'
import { NO_BITS, bitmapOf } from '../bitmap.ts'
import { type ChangeInfo, changeOf } from '../change-info.ts'
import type { Compound } from '../compound.ts'
import { SHARE } from '../constants.ts'
import { callerOf, checkOpen } from '../rights.ts'
import type { SentAttributes } from '../sent-attributes.ts'
import { NFS4, refuse } from '../status.ts'
import type { Opened } from './open.ts'
import type { Creation } from './open-arguments.ts'
import { setSent } from './set-attributes.ts'

/** Opens a name, or makes it: the create modes of RFC 8881 §18.16.3. */
export function* createOrOpen(compound: Compound, directory: Located, name: string, creation: Creation): Steps<Opened> {
  const { tree } = directory.served
  const found = yield* compound.service.namespace.lookup(directory, name)
  const before = changeOf(directory)
  const unchanged = { before, after: before }
  if (found !== undefined && creation.mode !== 'exclusive') {
    if (creation.mode === 'guarded') refuse(NFS4.exists)
    return yield* openExisting(compound, found, creation, unchanged)
  }
  if (!isWritable(tree)) return refuse(found === undefined ? NFS4.readOnlyFileSystem : NFS4.exists)
  if (found === undefined && !mayChangeNames(callerOf(compound, directory), directory.attributes)) refuse(NFS4.access)
  return yield* make(compound, tree, directory, name, creation)
}

/** What is there is opened; of the attributes that the client sent only a size of 0 means anything. */
function* openExisting(
  compound: Compound,
  file: Located,
  { attributes }: Creation,
  directory: ChangeInfo,
): Steps<Opened> {
  if (attributes?.size !== 0 || file.attributes.type !== 'file') return { file, directory, set: NO_BITS, made: false }
  checkOpen(compound, file, SHARE.write)
  const set = bitmapOf([ATTRIBUTE.size])
  yield* setSent(compound, file, { bits: set, size: 0 })
  return { file: yield* fresh(file), directory, set, made: false }
}

function* make(
  compound: Compound,
  tree: WritableTree,
  directory: Located,
  name: string,
  creation: Creation,
): Steps<Opened> {
  const { attributes: sent = { bits: NO_BITS } } = creation
  const owner = ownershipOf(compound, directory, sent, 'file')
  const { node, made } = yield* ready(tree.createFile(directory.node, name, owner, modeOf(creation)))
  const { served } = directory
  const file = { served, node, attributes: yield* ready(tree.attributes(node)) }
  const info = { before: changeOf(directory), after: changeOf(yield* fresh(directory)) }
  if (!made && creation.mode === 'unchecked') return yield* openExisting(compound, file, creation, info)
  const left = made ? withoutMode(sent, creation.mode === 'exclusive') : { bits: NO_BITS }
  yield* setSent(compound, file, left)
  return { file: yield* fresh(file), directory: info, set: sent.bits, made }
}

function modeOf({ mode, verifier }: Creation): CreateMode {
  if (mode !== 'exclusive') return { kind: mode }
  return { kind: 'exclusive', verifier: verifier ?? new Uint8Array(8) }
}

/** Mode and group that a new node gets, before the client's own wishes for its owner. */
export function ownershipOf(
  compound: Compound,
  directory: Located,
  { mode = 0, umask = 0 }: SentAttributes,
  type: Attributes['type'],
): Ownership {
  const caller = callerOf(compound, directory)
  const { uid } = caller
  return { uid, ...inherited(caller, directory.attributes, { type, mode: mode & ~umask }) }
}

/** What is still to be set of a new file. An exclusive one keeps its verifier in its times until the client sets them. */
export function withoutMode(
  { mode: _mode, umask: _umask, ...sent }: SentAttributes,
  exclusive: boolean,
): SentAttributes {
  if (!exclusive) return sent
  const { accessed: _accessed, modified: _modified, ...rest } = sent
  return rest
}

/** The same with the attributes that it has now. */
export function* fresh({ served, node }: Located): Steps<Located> {
  return { served, node, attributes: yield* ready(served.tree.attributes(node)) }
}
