import { type ByteString, textOf } from '../../../wire/bytestring.ts'
import type { NodeId } from '../../../storage/file-tree.ts'
import { messageWithCauses } from '../../../sys/log.ts'
import type { Peer } from '../../rpc/program.ts'
import { type Steps, ready } from '../../rpc/steps.ts'
import type { NfsExport, NfsExports } from '../export.ts'

/** What a path to mount leads to: the node, or why it leads nowhere. */
export type MountResult =
  | { readonly status: 'ok'; readonly text: string; readonly key: Uint8Array; readonly node: NodeId }
  | { readonly status: 'no-entry' | 'access' | 'not-directory' | 'name-too-long' | 'io'; readonly text: string }

/** The names on the way from the root, without empty ones. */
export function namesOf(path: ByteString): readonly ByteString[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

/** Finds the export that a path is of, or lies in, and the directory in it. It does not throw. */
export function* resolveMount(exports: NfsExports, path: ByteString, client: Peer): Steps<MountResult> {
  const names = namesOf(path)
  if (!path.startsWith('/')) return { status: 'access', text: `"${textOf(path)}" does not begin with /` }
  if (names.includes('..')) return { status: 'access', text: `"${textOf(path)}" has .. in it` }
  try {
    return yield* search(exports, names, client)
  } catch (error) {
    return { status: 'io', text: `"${textOf(path)}" could not be read: ${messageWithCauses(error)}` }
  }
}

/** The longest beginning of the path that is an export wins. */
function* search(exports: NfsExports, names: readonly ByteString[], client: Peer): Steps<MountResult> {
  for (let count = names.length; count >= 0; count -= 1) {
    const found = yield* ready(exports.byPath(textOf(`/${names.slice(0, count).join('/')}`)))
    if (found?.policy !== undefined && found.policy(client) === undefined) {
      return { status: 'access', text: `${found.path} is not exported to ${client.address}` }
    }
    if (found !== undefined) return yield* descend(found, names.slice(count))
  }
  const known = yield* ready(exports.paths())
  const offer = known.length === 0 ? 'nothing is exported' : `exported is ${known.slice(0, 5).join(', ')}`
  return { status: 'no-entry', text: `there is no export "${textOf(`/${names.join('/')}`)}"; ${offer}` }
}

function* descend({ tree, path, key }: NfsExport, names: readonly ByteString[]): Steps<MountResult> {
  let node = tree.root
  for (const name of names) {
    const next = yield* ready(tree.lookup(node, name))
    if (next === undefined)
      return { status: 'no-entry', text: `there is no "${textOf(name)}" where ${path} was searched` }
    node = next
  }
  const { type } = yield* ready(tree.attributes(node))
  if (type !== 'directory') return { status: 'not-directory', text: `it is a ${type}, want a directory` }
  return { status: 'ok', text: names.length === 0 ? path : `${textOf(names.join('/'))} in ${path}`, key, node }
}
