import type { NodeId } from '../../../../storage/file-tree.ts'
import { mayChangeNames, mayRemove, mayWrite } from '../../../../storage/permissions.ts'
import { type Steps, ready } from '../../../rpc/steps.ts'
import { type Granted, settle } from '../../v3/granted.ts'
import { writeChangeInfo } from '../change-info.ts'
import { type Compound, operation } from '../compound.ts'
import { checkName } from '../names.ts'
import { writableTree } from '../rights.ts'
import { NFS4, refuse } from '../status.ts'
import { changeSince, fresh } from '../fresh.ts'
import { readName } from './handles.ts'

/** REMOVE, RFC 8881 §18.25: files and empty directories alike. */
export const remove = operation(readName, function* (compound, name): Steps {
  const { directory } = compound
  const tree = writableTree(directory)
  checkName(name)
  const gone = yield* removable(directory, name)
  const { type } = yield* ready(tree.attributes(gone))
  if (type === 'directory') yield* ready(tree.removeDirectory(directory.node, name))
  else yield* ready(tree.unlink(directory.node, name))
  directory.served.openFiles.forget(gone)
  yield* settle(tree, directory)
  writeChangeInfo(compound.reply, yield* changeSince(directory))
  compound.current = yield* fresh(directory)
})

/** RENAME, §18.26: from the saved directory to the current one. */
export const rename = operation(
  (args) => ({ from: readName(args), to: readName(args) }),
  function* (compound, { from, to }): Steps {
    const { directory: target } = compound
    const source = savedDirectory(compound)
    const tree = writableTree(target)
    if (source.served !== target.served) refuse(NFS4.crossDevice)
    checkName(from)
    checkName(to)
    const moved = yield* removable(source, from)
    const replaced = yield* replaceable(target, to)
    yield* checkMovedDirectory(source, target, moved)
    yield* ready(tree.rename(source.node, from, target.node, to))
    if (replaced !== undefined && replaced !== moved) target.served.openFiles.forget(replaced)
    yield* settle(tree, source, ...(source.node === target.node ? [] : [target]))
    writeChangeInfo(compound.reply, yield* changeSince(source))
    writeChangeInfo(compound.reply, yield* changeSince(target))
    compound.current = yield* fresh(target)
  },
)

/** LINK, §18.9: the saved file gets a name in the current directory. */
export const link = operation(readName, function* (compound, name): Steps {
  const { directory, saved } = compound
  const file = saved ?? refuse(NFS4.noFileHandle)
  const tree = writableTree(directory)
  if (file.served !== directory.served) refuse(NFS4.crossDevice)
  if (file.attributes.type === 'directory') refuse(NFS4.isDirectory)
  checkName(name)
  if (!mayChangeNames(directory.caller, directory.attributes)) refuse(NFS4.access)
  yield* ready(tree.link(file.node, directory.node, name))
  yield* settle(tree, directory)
  writeChangeInfo(compound.reply, yield* changeSince(directory))
  compound.current = yield* fresh(directory)
  compound.saved = yield* fresh(file)
})

function savedDirectory({ saved }: Compound): Granted {
  const source = saved ?? refuse(NFS4.noFileHandle)
  return source.attributes.type === 'directory' ? source : refuse(NFS4.notDirectory)
}

/** The node of a name that the caller may remove or move. @throws {StatusError} */
function* removable(directory: Granted, name: string): Steps<NodeId> {
  const { caller, served, attributes, node } = directory
  if (!mayChangeNames(caller, attributes)) refuse(NFS4.access)
  const found = (yield* ready(served.tree.lookup(node, name))) ?? refuse(NFS4.noEntry)
  if (!mayRemove(caller, attributes, yield* ready(served.tree.attributes(found)))) refuse(NFS4.access)
  return found
}

/** What a moved name would replace, if the caller may put one there. @throws {StatusError} */
function* replaceable(target: Granted, name: string): Steps<NodeId | undefined> {
  if (!mayChangeNames(target.caller, target.attributes)) refuse(NFS4.access)
  const found = yield* ready(target.served.tree.lookup(target.node, name))
  return found === undefined ? undefined : yield* removable(target, name)
}

/** A directory that gets another parent is changed itself: its `..`. */
function* checkMovedDirectory(source: Granted, target: Granted, moved: NodeId): Steps {
  if (source.node === target.node) return
  const attributes = yield* ready(source.served.tree.attributes(moved))
  if (attributes.type === 'directory' && !mayWrite(source.caller, attributes)) refuse(NFS4.access)
}
