import { close, constants, openSync } from 'node:fs'
import {
  link as linkLater,
  lstat as statLater,
  rename as renameLater,
  rmdir as rmdirLater,
  unlink as unlinkLater,
} from 'node:fs/promises'
import type { FileCalls } from '../../sys/file-calls.ts'
import type { ByteString } from '../../wire/bytestring.ts'
import type { NodeId } from '../file-tree.ts'
import { TreeError } from '../writable-tree.ts'
import { nodeOf } from './identity.ts'
import { unless } from './errors.ts'
import { atPlace, during, type HeldPlace, holdPlace, holdPlaces } from './held-place.ts'
import { BLOCK, LARGE } from './large.ts'
import { checkName } from './names.ts'
import type { Nodes } from './nodes.ts'
import { type Found, LostNodeError } from './resolver.ts'

const HELD = 0o10_000_000 | constants.O_NOFOLLOW // O_PATH
/** A name to link to may be moved each time. */
const MOST_ATTEMPTS = 4

/** Gives a node another name. @throws {StaleNodeError} and {@link TreeError} */
export async function link(nodes: Nodes, node: NodeId, directory: NodeId, name: ByteString): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const [from, to] = await nodes.use(() => placesToLink(nodes, node, directory, name))
    const isIt = await during([from.fd, to.fd], async () => {
      await linkLater(from.path, to.path)
      return nodeOf(await statLater(to.path, { bigint: true })) === node
    })
    if (isIt) break
    // It was replaced meanwhile.
    await atPlace(nodes, directory, name, ({ path }) => unlinkLater(path))
    if (attempt === MOST_ATTEMPTS) throw new TreeError('EIO', 'Names change all the time')
  }
  nodes.resolver.places.add(node, directory, name)
  nodes.changed(node, directory)
}

function placesToLink(
  nodes: Nodes,
  node: NodeId,
  directory: NodeId,
  name: ByteString,
): readonly [HeldPlace, HeldPlace] {
  const { resolver } = nodes
  checkName(name)
  resolver.see(directory, name)
  if (resolver.find(node).stats.isDirectory()) throw new TreeError('EPERM', 'A directory has one name')
  const place = resolver.places.get(node)
  if (place === undefined) throw new LostNodeError(node)
  return holdPlaces(nodes, [place.parent, place.name], [directory, name])
}

/** Moves a name. @throws {StaleNodeError} and {@link TreeError} */
export async function rename(
  nodes: Nodes,
  from: NodeId,
  name: ByteString,
  to: NodeId,
  newName: ByteString,
  step: (source: Buffer, target: Buffer) => Promise<void> = renameLater,
): Promise<void> {
  const { moved, replaced, places } = await nodes.use(() => {
    for (const one of [name, newName]) checkName(one)
    const seen = { moved: existing(nodes, from, name), replaced: nodes.resolver.see(to, newName) }
    return { ...seen, places: holdPlaces(nodes, [from, name], [to, newName]) }
  })
  const [source, target] = places
  await nodes.moving([moved.node], async () => {
    await during([source.fd, target.fd], () =>
      givenBackElsewhere(replaced, target.path, () => step(source.path, target.path)),
    )
    if (replaced?.node === moved.node) return // two names of one node: POSIX wants nothing to happen
    if (replaced !== undefined) gone(nodes, replaced, to, newName)
    nodes.resolver.places.add(moved.node, to, newName)
    nodes.resolver.places.remove(moved.node, from, name)
    if (replaced === undefined) nodes.changed(moved.node, from, to)
    else nodes.changed(moved.node, from, to, replaced.node)
  })
}

/** The same, with a whiteout of overlayfs where the name was, in one step. @throws EINVAL where the file system cannot */
export function renameToWhiteout(...[nodes, from, name, to, newName]: Parameters<typeof rename>): Promise<void> {
  const step = async (source: Buffer, target: Buffer): Promise<void> =>
    callsOf(nodes).rename(source, target, 'whiteout')
  return rename(nodes, from, name, to, newName, step)
}

/** What two names lead to changes places, in one step. @throws EINVAL where the file system cannot */
export async function exchange(
  nodes: Nodes,
  one: NodeId,
  name: ByteString,
  other: NodeId,
  otherName: ByteString,
): Promise<void> {
  const { first, second, held } = await nodes.use(() => {
    for (const each of [name, otherName]) checkName(each)
    const seen = { first: existing(nodes, one, name), second: existing(nodes, other, otherName) }
    return { ...seen, held: holdPlaces(nodes, [one, name], [other, otherName]) }
  })
  const [source, target] = held
  await during([source.fd, target.fd], async () => callsOf(nodes).rename(source.path, target.path, 'exchange'))
  const { places } = nodes.resolver
  places.add(first.node, other, otherName)
  places.remove(first.node, one, name)
  places.add(second.node, one, name)
  places.remove(second.node, other, otherName)
  nodes.changed(first.node, second.node, one, other)
}

/** Removes a name that is no directory. @throws {StaleNodeError} and {@link TreeError} */
export function unlink(nodes: Nodes, directory: NodeId, name: ByteString): Promise<void> {
  return takeAway(nodes, directory, name, (found, path) => {
    if (found.stats.isDirectory()) throw new TreeError('EISDIR', 'It is a directory')
    return givenBackElsewhere(found, path, () => unlinkLater(path))
  })
}

export function removeDirectory(nodes: Nodes, directory: NodeId, name: ByteString): Promise<void> {
  return takeAway(nodes, directory, name, ({ stats }, path) => {
    if (!stats.isDirectory()) throw new TreeError('ENOTDIR', 'It is no directory')
    return rmdirLater(path)
  })
}

async function takeAway(
  nodes: Nodes,
  directory: NodeId,
  name: ByteString,
  call: (found: Found, path: Buffer) => Promise<void>,
): Promise<void> {
  const { found, place } = await nodes.use(() => {
    checkName(name)
    return { found: existing(nodes, directory, name), place: holdPlace(nodes, directory, name) }
  })
  await during([place.fd], async () => call(found, place.path))
  gone(nodes, found, directory, name)
  nodes.changed(found.node, directory)
}

function callsOf({ calls }: Nodes): FileCalls {
  if (calls !== undefined) return calls
  throw new TreeError('ENOTSUP', 'Cannot change two names in one step: the C library cannot be called')
}

function existing(nodes: Nodes, directory: NodeId, name: ByteString): Found {
  const found = nodes.resolver.see(directory, name)
  if (found === undefined) throw new TreeError('ENOENT', 'There is no such name')
  return found
}

/**
 * Removes the name of a node. If it was the last one of a large file it is held open meanwhile, and closed by the thread
 * pool afterwards: nobody waits until the file system has its blocks back.
 */
async function givenBackElsewhere(found: Found | undefined, path: Buffer, remove: () => Promise<void>): Promise<void> {
  const large = found !== undefined && found.stats.nlink <= 1n && Number(found.stats.blocks) * BLOCK >= LARGE
  const fd = large ? unless(['ENOENT'], () => openSync(path, HELD)) : undefined
  try {
    await remove()
  } finally {
    if (fd !== undefined) close(fd)
  }
}

function gone(nodes: Nodes, { node, stats }: Found, directory: NodeId, name: ByteString): void {
  nodes.resolver.forget(node, directory, name)
  if (stats.nlink <= 1n) nodes.open.forgetNew(node)
}
