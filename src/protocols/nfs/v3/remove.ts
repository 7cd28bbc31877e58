import type { Attributes, NodeId } from '../../../storage/file-tree.ts'
import { mayChangeNames, mayRemove, mayWrite } from '../../../storage/permissions.ts'
import type { WritableTree } from '../../../storage/writable-tree.ts'
import { type Steps, ready } from '../../rpc/steps.ts'
import { encodeNoWcc, encodeNoPostOp, encodeWcc } from './attributes.ts'
import { NFS3 } from './constants.ts'
import { readPlace } from './create.ts'
import { find, findDirectory, type Granted, now, settle, writable } from './granted.ts'
import { type NfsProcedure, readHandle } from './procedure.ts'
import { Refusal } from './status.ts'
import { encodePresent, toldWhenRefused } from './told.ts'

type Place = ReturnType<typeof readPlace>

/** REMOVE, §3.3.12 */
export const remove: NfsProcedure<Place> = removing((tree, directory, name) => tree.unlink(directory, name))

/** RMDIR, §3.3.13 */
export const removeDirectory: NfsProcedure<Place> = removing((tree, directory, name) =>
  tree.removeDirectory(directory, name),
)

function removing(
  change: (tree: WritableTree, directory: NodeId, name: string) => void | Promise<void>,
): NfsProcedure<Place> {
  return {
    decode: readPlace,
    *run(service, call, { handle, name }) {
      const directory = yield* findDirectory(service, call, handle)
      const { reply } = call
      yield* toldWhenRefused(service, reply, [directory], function* () {
        const tree = writable(directory)
        const gone = yield* removable(directory, name)
        yield* ready(change(tree, directory.node, name))
        directory.served.openFiles.forget(gone)
        yield* settle(tree, directory)
        reply.u32(NFS3.ok)
        encodeWcc(reply, directory, yield* now(directory))
      })
    },
    fail: encodeNoWcc,
  }
}

/** The node of a name that the caller may remove or move. @throws {Refusal} */
function* removable(directory: Granted, name: string): Steps<NodeId> {
  const { caller, served, attributes } = directory
  if (!mayChangeNames(caller, attributes)) throw new Refusal(NFS3.access)
  if (name === '.' || name === '..') throw new Refusal(name === '.' ? NFS3.invalid : NFS3.exists)
  const node = yield* ready(served.tree.lookup(directory.node, name))
  if (node === undefined) throw new Refusal(NFS3.noEntry)
  if (!mayRemove(caller, attributes, yield* ready(served.tree.attributes(node)))) throw new Refusal(NFS3.access)
  return node
}

interface RenameArguments {
  readonly from: Place
  readonly to: Place
}

/** RENAME, §3.3.14 */
export const rename: NfsProcedure<RenameArguments> = {
  decode: (args) => ({ from: readPlace(args), to: readPlace(args) }),
  *run(service, call, { from, to }) {
    const source = yield* findDirectory(service, call, from.handle)
    const target = yield* findDirectory(service, call, to.handle)
    const { reply } = call
    yield* toldWhenRefused(service, reply, [source, target], function* () {
      const tree = writable(source)
      writable(target)
      if (source.served !== target.served) throw new Refusal(NFS3.crossDevice)
      const moved = yield* removable(source, from.name)
      yield* checkReplaced(target, to.name)
      checkMovedDirectory(source, target, yield* ready(tree.attributes(moved)))
      const replaced = yield* ready(tree.lookup(target.node, to.name))
      yield* ready(tree.rename(source.node, from.name, target.node, to.name))
      if (replaced !== undefined && replaced !== moved) target.served.openFiles.forget(replaced)
      yield* settle(tree, source, ...(source.node === target.node ? [] : [target]))
      reply.u32(NFS3.ok)
      for (const directory of [source, target]) encodeWcc(reply, directory, yield* now(directory))
    })
  },
  fail: (reply) => {
    encodeNoWcc(reply)
    encodeNoWcc(reply)
  },
}

/** @throws {Refusal} if the caller may not put a name there, or not take the one that is there */
function* checkReplaced(target: Granted, name: string): Steps {
  if (!mayChangeNames(target.caller, target.attributes)) throw new Refusal(NFS3.access)
  if ((yield* ready(target.served.tree.lookup(target.node, name))) !== undefined) yield* removable(target, name)
}

/** A directory that gets another parent is changed itself: its `..`. */
function checkMovedDirectory(source: Granted, target: Granted, moved: Attributes): void {
  if (moved.type !== 'directory' || source.node === target.node) return
  if (!mayWrite(source.caller, moved)) throw new Refusal(NFS3.access)
}

interface LinkArguments {
  readonly file: Buffer
  readonly to: Place
}

/** LINK, §3.3.15 */
export const link: NfsProcedure<LinkArguments> = {
  decode: (args) => ({ file: readHandle(args), to: readPlace(args) }),
  *run(service, call, { file: handle, to }) {
    const file = yield* find(service, call, handle)
    const directory = yield* findDirectory(service, call, to.handle)
    const { reply } = call
    const change = function* (): Steps {
      const tree = writable(directory)
      if (file.served !== directory.served) throw new Refusal(NFS3.crossDevice)
      if (!mayChangeNames(directory.caller, directory.attributes)) throw new Refusal(NFS3.access)
      yield* ready(tree.link(file.node, directory.node, to.name))
      yield* settle(tree, directory)
      reply.u32(NFS3.ok)
      yield* encodePresent(reply, file)
      encodeWcc(reply, directory, yield* now(directory))
    }
    yield* toldWhenRefused(service, reply, [directory], change, file)
  },
  fail: (reply) => {
    encodeNoPostOp(reply)
    encodeNoWcc(reply)
  },
}
