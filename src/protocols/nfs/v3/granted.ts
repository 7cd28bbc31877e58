import type { Awaitable } from '../../../storage/byte-source.ts'
import type { Attributes } from '../../../storage/file-tree.ts'
import type { Caller } from '../../../storage/permissions.ts'
import { type WritableTree, isWritable } from '../../../storage/writable-tree.ts'
import type { RpcCall } from '../../rpc/program.ts'
import { type Steps, ready } from '../../rpc/steps.ts'
import { attributesIfThere, grantOf, type Located, type Locator } from '../located.ts'
import { type Grant, squashed } from '../policy.ts'
import { NFS3 } from './constants.ts'
import { Refusal } from './status.ts'

/** A node, and what the caller is granted there. */
export interface Granted extends Located {
  readonly grant: Grant
  readonly caller: Caller
}

interface Service {
  readonly locator: Locator
}

/** Finds what a handle leads to, as {@link find} does. */
export function locate({ locator }: Service, call: RpcCall, handle: Buffer): Awaitable<Granted> {
  const located = locator.locate(handle)
  return located instanceof Promise ? located.then((there) => granted(there, call)) : granted(located, call)
}

/** Finds what a handle leads to. @throws {HandleError}, {@link Refusal} where this client has no business, and StaleNodeError */
export function find(service: Service, call: RpcCall, handle: Buffer): Steps<Granted> {
  return ready(locate(service, call, handle))
}

function granted(located: Located, call: RpcCall): Granted {
  const grant = grantOf(located.served, call.peer)
  if (grant === undefined) throw new Refusal(NFS3.access)
  const { served, node, attributes } = located
  return { served, node, attributes, grant, caller: squashed(call.credential, grant) }
}

/** The same, of a directory. */
export function* findDirectory(...args: Parameters<typeof find>): Steps<Granted> {
  const found = yield* find(...args)
  if (found.attributes.type !== 'directory') throw new Refusal(NFS3.notDirectory)
  return found
}

/** The tree, to change it. @throws {Refusal} NFS3ERR_ROFS */
export function writable({ served: { tree }, grant }: Granted): WritableTree {
  if (grant.writes && isWritable(tree)) return tree
  throw new Refusal(NFS3.readOnlyFileSystem)
}

/** What a node is like now; undefined if it has gone. */
export function now({ served: { tree }, node }: Located): Steps<Attributes | undefined> {
  return attributesIfThere(tree, node)
}

/** Names that were changed are on the medium, where that is promised. */
export function* settle(tree: WritableTree, ...directories: readonly Granted[]): Steps {
  const promised = directories.filter(({ grant }) => grant.sync)
  if (promised.length > 0) yield Promise.all(promised.map(({ node }) => tree.commitDirectory(node)))
}
