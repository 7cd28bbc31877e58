import type { Attributes } from '../../../../storage/file-tree.ts'
import { inherited, mayChangeNames } from '../../../../storage/permissions.ts'
import type { AttributeChanges, CreateMode, Ownership, WritableTree } from '../../../../storage/writable-tree.ts'
import { type Steps, ready } from '../../../rpc/steps.ts'
import { type Granted, settle } from '../../v3/granted.ts'
import { ATTRIBUTE } from '../attribute.ts'
import { NO_BITS, bitmapOf } from '../bitmap.ts'
import { type ChangeInfo, changeOf } from '../change-info.ts'
import { SHARE } from '../constants.ts'
import { changeSince, fresh } from '../fresh.ts'
import { checkOpen, writableTree } from '../rights.ts'
import { NOTHING_SENT, type SentAttributes } from '../sent-attributes.ts'
import { NFS4, refuse } from '../status.ts'
import type { Opened } from './open.ts'
import type { Creation } from './open-arguments.ts'
import { change } from './set-attributes.ts'

/**
 * Opens a name, or makes it: the create modes of RFC 8881 §18.16.3.
 *
 * @param found what has the name now
 */
export function* createOrOpen(
  directory: Granted,
  name: string,
  creation: Creation,
  found: Granted | undefined,
): Steps<Opened> {
  const before = changeOf(directory)
  if (found !== undefined && creation.mode === 'guarded') refuse(NFS4.exists)
  if (found !== undefined && creation.mode === 'unchecked') {
    return yield* openExisting(found, creation, { before, after: before })
  }
  const tree = writableTree(directory)
  if (found === undefined && !mayChangeNames(directory.caller, directory.attributes)) refuse(NFS4.access)
  return yield* make(tree, directory, name, creation)
}

/** What is there is opened; of the attributes that the client sent only a size of 0 means anything. */
function* openExisting(file: Granted, { attributes }: Creation, directory: ChangeInfo): Steps<Opened> {
  if (attributes?.changes.size !== 0 || file.attributes.type !== 'file')
    return { file, directory, set: NO_BITS, made: false }
  checkOpen(file, SHARE.write)
  const set = bitmapOf([ATTRIBUTE.size])
  yield* change(file, { size: 0 })
  return { file: yield* fresh(file), directory, set, made: false }
}

function* make(tree: WritableTree, directory: Granted, name: string, creation: Creation): Steps<Opened> {
  const { attributes: sent = NOTHING_SENT } = creation
  const owner = ownershipOf(directory, sent, 'file')
  const { node, made } = yield* ready(tree.createFile(directory.node, name, owner, modeOf(creation)))
  const file = yield* fresh({ ...directory, node })
  yield* settle(tree, directory)
  const info = yield* changeSince(directory)
  if (!made && creation.mode === 'unchecked') return yield* openExisting(file, creation, info)
  if (made) yield* change(file, stillToSet(sent, creation.mode === 'exclusive'))
  return { file: yield* fresh(file), directory: info, set: sent.bits, made }
}

function modeOf({ mode, verifier }: Creation): CreateMode {
  if (mode !== 'exclusive') return { kind: mode }
  return { kind: 'exclusive', verifier: verifier ?? new Uint8Array(8) }
}

/** Owner, group and mode that a new node gets, before the client's own wishes. */
export function ownershipOf(
  { caller, attributes }: Granted,
  { changes: { mode = 0 }, umask }: SentAttributes,
  type: Attributes['type'],
): Ownership {
  return { uid: caller.uid, ...inherited(caller, attributes, { type, mode: mode & ~umask }) }
}

/** What is still to be set of a new node. An exclusive file keeps its verifier in its times until the client sets them. */
export function stillToSet({ changes }: SentAttributes, exclusive = false): AttributeChanges {
  const done = exclusive ? ['mode', 'accessed', 'modified'] : ['mode']
  return Object.fromEntries(Object.entries(changes).filter(([name]) => !done.includes(name)))
}
