import { close, closeSync, constants, linkSync, lstatSync, openSync, renameSync, rmdirSync, unlinkSync } from 'node:fs'
import type { ByteString } from '../../wire/bytestring.ts'
import type { NodeId } from '../file-tree.ts'
import { TreeError } from '../writable-tree.ts'
import { nodeOf } from './identity.ts'
import { unless } from './errors.ts'
import { BLOCK, LARGE } from './large.ts'
import type { Nodes } from './nodes.ts'
import { type Found, LostNodeError } from './resolver.ts'

const PLACE = 0o10_000_000 | constants.O_DIRECTORY // O_PATH
const HELD = 0o10_000_000 | constants.O_NOFOLLOW

/** Gives a node another name. */
export function link(nodes: Nodes, node: NodeId, directory: NodeId, name: ByteString): void {
  const { resolver } = nodes
  const found = resolver.find(node)
  if (found.stats.isDirectory()) throw new TreeError('EPERM', 'A directory has one name')
  const place = resolver.places.get(node)
  if (place === undefined) throw new LostNodeError(node)
  withPlaces(nodes, place.parent, directory, (from, to) => {
    const target = inDirectory(to, name)
    linkSync(inDirectory(from, place.name), target)
    if (nodeOf(lstatSync(target, { bigint: true })) !== node) {
      unlinkSync(target) // it was replaced meanwhile
      throw new LostNodeError(node)
    }
  })
  resolver.places.add(node, directory, name)
  nodes.changed(node, directory)
}

/** Moves a name. */
export function rename(
  nodes: Nodes,
  from: NodeId,
  name: ByteString,
  to: NodeId,
  newName: ByteString,
  step: (source: Buffer, target: Buffer) => void = renameSync,
): void {
  const { resolver } = nodes
  const moved = existing(nodes, from, name)
  const replaced = resolver.see(to, newName)
  const move = (): void =>
    withPlaces(nodes, from, to, (source, target) => step(inDirectory(source, name), inDirectory(target, newName)))
  if (replaced === undefined) move()
  else givenBackElsewhere(replaced, move)
  if (replaced?.node === moved.node) return // two names of one node: POSIX wants nothing to happen
  if (replaced !== undefined) gone(nodes, replaced, to, newName)
  resolver.places.add(moved.node, to, newName)
  resolver.places.remove(moved.node, from, name)
  if (replaced === undefined) nodes.changed(moved.node, from, to)
  else nodes.changed(moved.node, from, to, replaced.node)
}

/** The same, with a whiteout of overlayfs where the name was, in one step. @throws EINVAL where the file system cannot */
export function renameToWhiteout(...[nodes, from, name, to, newName]: Parameters<typeof rename>): void {
  const calls = nodes.calls ?? cannotStep()
  rename(nodes, from, name, to, newName, (source, target) => calls.rename(source, target, 'whiteout'))
}

/** What two names lead to changes places, in one step. @throws EINVAL where the file system cannot */
export function exchange(nodes: Nodes, one: NodeId, name: ByteString, other: NodeId, otherName: ByteString): void {
  const calls = nodes.calls ?? cannotStep()
  const { places } = nodes.resolver
  const [first, second] = [existing(nodes, one, name), existing(nodes, other, otherName)]
  withPlaces(nodes, one, other, (source, target) =>
    calls.rename(inDirectory(source, name), inDirectory(target, otherName), 'exchange'),
  )
  places.add(first.node, other, otherName)
  places.remove(first.node, one, name)
  places.add(second.node, one, name)
  places.remove(second.node, other, otherName)
  nodes.changed(first.node, second.node, one, other)
}

/** Removes a name that is no directory. */
export function unlink(nodes: Nodes, directory: NodeId, name: ByteString): void {
  const found = existing(nodes, directory, name)
  if (found.stats.isDirectory()) throw new TreeError('EISDIR', 'It is a directory')
  givenBackElsewhere(found, () => unlinkSync(nodes.resolver.pathOf(directory, name)))
  gone(nodes, found, directory, name)
  nodes.changed(found.node, directory)
}

export function removeDirectory(nodes: Nodes, directory: NodeId, name: ByteString): void {
  const found = existing(nodes, directory, name)
  if (!found.stats.isDirectory()) throw new TreeError('ENOTDIR', 'It is no directory')
  rmdirSync(nodes.resolver.pathOf(directory, name))
  gone(nodes, found, directory, name)
  nodes.changed(found.node, directory)
}

function cannotStep(): never {
  throw new TreeError('ENOTSUP', 'Cannot change two names in one step: the C library cannot be called')
}

function existing(nodes: Nodes, directory: NodeId, name: ByteString): Found {
  const found = nodes.resolver.see(directory, name)
  if (found === undefined) throw new TreeError('ENOENT', 'There is no such name')
  return found
}

/**
 * Removes the name of a node. If it was the last one of a large file it is held open meanwhile, and closed by the thread
 * pool: the last to let go waits until the file system has its blocks back.
 */
function givenBackElsewhere({ path, stats }: Found, remove: () => void): void {
  const large = stats.nlink <= 1n && Number(stats.blocks) * BLOCK >= LARGE
  const fd = large ? unless(['ENOENT'], () => openSync(path, HELD)) : undefined
  try {
    remove()
  } finally {
    if (fd !== undefined) close(fd)
  }
}

function gone(nodes: Nodes, { node, stats }: Found, directory: NodeId, name: ByteString): void {
  nodes.resolver.forget(node, directory, name)
  if (stats.nlink <= 1n) nodes.open.forgetNew(node)
}

/** Does something with two directories, held open meanwhile: finding the one could close the other. */
function withPlaces(nodes: Nodes, first: NodeId, second: NodeId, use: (first: number, second: number) => void): void {
  const one = openSync(`/proc/self/fd/${nodes.resolver.directory(first)}`, PLACE)
  try {
    use(one, nodes.resolver.directory(second))
  } finally {
    closeSync(one)
  }
}

function inDirectory(fd: number, name: ByteString): Buffer {
  return Buffer.from(`/proc/self/fd/${fd}/${name}`, 'latin1')
}
