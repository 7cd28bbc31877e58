import { mayRead, mayWrite } from '../../../../storage/permissions.ts'
import type { NodeId } from '../../../../storage/file-tree.ts'
import type { WritableTree, XattrMode } from '../../../../storage/writable-tree.ts'
import { type ByteString, byteStringOf, textOf } from '../../../../wire/bytestring.ts'
import { type Steps, ready } from '../../../rpc/steps.ts'
import type { XdrReader } from '../../../rpc/xdr-reader.ts'
import { writeChangeInfo } from '../change-info.ts'
import { type Compound, operation } from '../compound.ts'
import { writableTree } from '../rights.ts'
import { NFS4, refuse } from '../status.ts'
import { changeSince, fresh } from '../fresh.ts'
import { readName } from './handles.ts'

/** RFC 8276 carries the attributes of this namespace alone, without its name. */
const PREFIX = 'user.'

/** GETXATTR, RFC 8276 §8.4.1 */
export const getXattr = operation(readName, function* (compound, name): Steps {
  const value = (yield* readable(compound)).get(PREFIX + textOf(name))
  compound.reply.opaque(value ?? refuse(NFS4.noXattr))
})

interface ListArguments {
  readonly cookie: number
  /** Bytes of the list that the client takes. */
  readonly maxBytes: number
}

function readListArguments(args: XdrReader): ListArguments {
  return { cookie: args.u64('cookie'), maxBytes: args.u32('maxcount') }
}

/** LISTXATTRS, §8.4.3. The cookie is how many of the names the client has. */
export const listXattrs = operation(readListArguments, function* (compound, { cookie, maxBytes }): Steps {
  const all = yield* readable(compound)
  const names = [...all.keys()].filter((name) => name.startsWith(PREFIX)).sort()
  if (cookie > names.length) refuse(NFS4.badCookie)
  const { reply } = compound
  const at = reply.length
  reply.u64(0).u32(0)
  let place = cookie
  for (const name of names.slice(cookie)) {
    const before = reply.length
    reply.string(byteStringOf(name.slice(PREFIX.length)))
    if (reply.length - at + 4 <= maxBytes) place += 1
    else {
      reply.truncate(before)
      break
    }
  }
  if (place === cookie && cookie < names.length) refuse(NFS4.tooSmall)
  reply.patchU32(at + 4, place)
  reply.patchU32(at + 8, place - cookie)
  reply.bool(place === names.length)
})

/** setxattr_option4 */
const MODES: readonly XattrMode[] = ['either', 'create', 'replace']

/** SETXATTR, §8.4.2 */
export const setXattr = operation(
  (args) => {
    const option = args.u32('option')
    return { option, name: readName(args), value: args.opaque(args.remaining, 'value') }
  },
  function* (compound, { option, name, value }): Steps {
    const mode = MODES[option] ?? refuse(NFS4.invalid)
    yield* change(compound, name, (tree, node, attribute) => tree.setXattr(node, attribute, value, mode))
  },
)

/** REMOVEXATTR, §8.4.4 */
export const removeXattr = operation(readName, (compound, name) =>
  change(compound, name, (tree, node, attribute) => tree.removeXattr(node, attribute)),
)

function* change(
  compound: Compound,
  name: ByteString,
  run: (tree: WritableTree, node: NodeId, attribute: string) => void | Promise<void>,
): Steps {
  const { file } = compound
  const tree = writableTree(file)
  if (!mayWrite(file.caller, file.attributes)) refuse(NFS4.access)
  if (name === '') refuse(NFS4.invalid)
  yield* ready(run(tree, file.node, PREFIX + textOf(name)))
  writeChangeInfo(compound.reply, yield* changeSince(file))
  compound.current = yield* fresh(file)
}

/** The attributes of the current file, if the caller may read them. */
function* readable(compound: Compound): Steps<ReadonlyMap<string, Uint8Array>> {
  const { served, node, attributes, caller } = compound.file
  if (!mayRead(caller, attributes)) refuse(NFS4.access)
  return yield* ready(served.tree.extendedAttributes(node))
}
