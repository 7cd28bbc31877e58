import { chmodSync, chownSync, constants, fstatSync, mkdir, open, rmdirSync, symlink, unlinkSync } from 'node:fs'
import { promisify } from 'node:util'
import type { ByteString } from '../../wire/bytestring.ts'
import { bytesOf } from '../../wire/bytestring.ts'
import type { NodeId } from '../file-tree.ts'
import { type Created, type CreateMode, type Ownership, type SpecialNode, TreeError } from '../writable-tree.ts'
import { codeOf, unless } from './errors.ts'
import { atPlace, type HeldPlace } from './held-place.ts'
import { nodeOf } from './identity.ts'
import { checkTarget } from './names.ts'
import type { Nodes } from './nodes.ts'
import { OpenNode } from './open-node.ts'
import { holdsVerifier, timesOfVerifier } from './verifier.ts'

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | constants.O_NOFOLLOW
/** S_IFMT */
const TYPE_BITS = { character: 0o020000, block: 0o060000, fifo: 0o010000, socket: 0o140000 } as const
/** Until it has its owner, nobody else may use it. */
const PRIVATE_FILE = 0o600
const PRIVATE_DIRECTORY = 0o700
const MODE = 0o7777
const PERMISSIONS = 0o777
const SET_GROUP_ID = 0o2000
const [openLater, mkdirLater, symlinkLater] = [promisify(open), promisify(mkdir), promisify(symlink)]

/** Only root can give files away; what an ordinary user makes is his. */
const GIVES_AWAY = process.geteuid?.() === 0

/** Makes a file, or finds the one that is there. */
export async function createFile(
  nodes: Nodes,
  directory: NodeId,
  name: ByteString,
  owner: Ownership,
  mode: CreateMode,
): Promise<Created> {
  const fd = await atPlace(nodes, directory, name, (place) =>
    openLater(place.path, NEW_FILE, modeAtFirst(place, owner, PRIVATE_FILE)).catch(unlessThere),
  )
  if (fd !== undefined) return nodes.use(() => adoptFile(nodes, directory, name, owner, mode, fd))
  return nodes.use(() => ({ node: existingFile(nodes, directory, name, mode), made: false }))
}

function unlessThere(error: unknown): undefined {
  if (codeOf(error) !== 'EEXIST') throw error
}

/** A file that was made just now, and is open. */
function adoptFile(
  nodes: Nodes,
  directory: NodeId,
  name: ByteString,
  owner: Ownership,
  mode: CreateMode,
  fd: number,
): Created {
  const node = nodeOf(fstatSync(fd, { bigint: true }))
  nodes.open.holdNew(new OpenNode(node, { both: fd }))
  nodes.resolver.places.add(node, directory, name)
  finish(nodes, node, owner, () => unlinkSync(nodes.resolver.pathOf(directory, name)))
  if (mode.kind === 'exclusive') setVerifier(nodes, node, mode.verifier)
  nodes.changed(node, directory)
  return { node, made: true }
}

function existingFile(nodes: Nodes, directory: NodeId, name: ByteString, mode: CreateMode): NodeId {
  const found = nodes.resolver.see(directory, name)
  if (found !== undefined && found.stats.isFile()) {
    if (mode.kind === 'unchecked') return found.node
    if (mode.kind === 'exclusive' && holdsVerifier(found.stats, mode.verifier)) return found.node
  }
  throw new TreeError('EEXIST', 'The name is there already')
}

function setVerifier(nodes: Nodes, node: NodeId, verifier: Uint8Array): void {
  const [accessed, modified] = timesOfVerifier(verifier)
  const { calls } = nodes
  if (calls === undefined) return // a client that asks again is told that its file exists
  nodes.pinned(node, (path) => calls.setTimes(path, accessed, modified))
}

export async function makeDirectory(
  nodes: Nodes,
  directory: NodeId,
  name: ByteString,
  owner: Ownership,
): Promise<NodeId> {
  await atPlace(nodes, directory, name, (place) => mkdirLater(place.path, modeAtFirst(place, owner, PRIVATE_DIRECTORY)))
  return nodes.use(() => adopt(nodes, directory, name, owner, rmdirSync))
}

export async function makeSymlink(
  nodes: Nodes,
  directory: NodeId,
  name: ByteString,
  target: ByteString,
  owner: Ownership,
): Promise<NodeId> {
  checkTarget(target)
  await atPlace(nodes, directory, name, ({ path }) => symlinkLater(Buffer.from(bytesOf(target)), path))
  return nodes.use(() => adopt(nodes, directory, name, owner, unlinkSync))
}

/** It waits for the medium on the spot: Node has no function for it, and nobody makes many. */
export function makeNode(
  nodes: Nodes,
  directory: NodeId,
  name: ByteString,
  what: SpecialNode,
  owner: Ownership,
): Promise<NodeId> {
  return atPlace(nodes, directory, name, async ({ path }) => {
    if (nodes.calls === undefined) throw new TreeError('ENOTSUP', 'Cannot make a node: the C library cannot be called')
    nodes.calls.mknod(path, TYPE_BITS[what.type] | PRIVATE_FILE, what.device)
    return nodes.use(() => adopt(nodes, directory, name, owner, unlinkSync))
  })
}

/**
 * The permissions that something is made with. Until it has its owner nobody else may use it, so they are the final ones,
 * as far as the umask lets them, only if it has it at once: a set-group-id directory gives it another group.
 */
function modeAtFirst({ fd }: HeldPlace, { uid, gid, mode }: Ownership, others: number): number {
  if (!GIVES_AWAY) return mode & PERMISSIONS
  const isOurs = uid === process.geteuid?.() && gid === process.getegid?.()
  return isOurs && (fstatSync(fd).mode & SET_GROUP_ID) === 0 ? mode & PERMISSIONS : others
}

/** What was made just now: its node, with its owner. */
function adopt(
  nodes: Nodes,
  directory: NodeId,
  name: ByteString,
  owner: Ownership,
  undo: (path: Buffer) => void,
): NodeId {
  return nodes.resolver.atOnce(() => {
    const found = nodes.resolver.see(directory, name)
    if (found === undefined) throw new TreeError('EIO', 'What was made is gone: somebody removed it')
    finish(nodes, found.node, owner, () => undo(found.path))
    nodes.changed(found.node, directory)
    return found.node
  })
}

function finish(nodes: Nodes, node: NodeId, { uid, gid, mode }: Ownership, undo: () => void): void {
  try {
    nodes.pinned(node, (path, stats) => {
      const isHis = Number(stats.uid) === uid && Number(stats.gid) === gid
      if (GIVES_AWAY && !isHis) chownSync(path, uid, gid)
      if (!stats.isSymbolicLink() && (Number(stats.mode) & MODE) !== mode) chmodSync(path, mode)
    })
  } catch (error) {
    unless(['ENOENT'], undo)
    throw error
  }
}
