import {
  chmodSync,
  chownSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import type { ByteString } from '../../wire/bytestring.ts'
import { bytesOf } from '../../wire/bytestring.ts'
import type { NodeId } from '../file-tree.ts'
import { type Created, type CreateMode, type Ownership, type SpecialNode, TreeError } from '../writable-tree.ts'
import { unless } from './errors.ts'
import { nodeOf } from './identity.ts'
import type { Nodes } from './nodes.ts'
import { OpenNode } from './open-node.ts'
import { holdsVerifier, timesOfVerifier } from './verifier.ts'

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | constants.O_NOFOLLOW
/** S_IFMT */
const TYPE_BITS = { character: 0o020000, block: 0o060000, fifo: 0o010000, socket: 0o140000 } as const
/** Until it has its owner, nobody else may use it. */
const PRIVATE_FILE = 0o600
const PRIVATE_DIRECTORY = 0o700

/** Only root can give files away; what an ordinary user makes is his. */
const GIVES_AWAY = process.geteuid?.() === 0

/** Makes a file, or finds the one that is there. */
export function createFile(
  nodes: Nodes,
  directory: NodeId,
  name: ByteString,
  owner: Ownership,
  mode: CreateMode,
): Created {
  const path = nodes.resolver.pathOf(directory, name)
  const fd = unless(['EEXIST'], () => openSync(path, NEW_FILE, PRIVATE_FILE))
  if (fd === undefined) return { node: existingFile(nodes, directory, name, mode), made: false }
  const stats = fstatSync(fd, { bigint: true })
  const node = nodeOf(stats)
  nodes.open.holdNew(new OpenNode(node, { both: fd }))
  nodes.resolver.places.add(node, directory, name)
  finish(nodes, node, owner, () => unlinkSync(path))
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

export function makeDirectory(nodes: Nodes, directory: NodeId, name: ByteString, owner: Ownership): NodeId {
  const path = nodes.resolver.pathOf(directory, name)
  mkdirSync(path, PRIVATE_DIRECTORY)
  return adopt(nodes, directory, name, owner, () => rmdirSync(path))
}

export function makeSymlink(
  nodes: Nodes,
  directory: NodeId,
  name: ByteString,
  target: ByteString,
  owner: Ownership,
): NodeId {
  const path = nodes.resolver.pathOf(directory, name)
  symlinkSync(Buffer.from(bytesOf(target)), path)
  return adopt(nodes, directory, name, owner, () => unlinkSync(path))
}

export function makeNode(
  nodes: Nodes,
  directory: NodeId,
  name: ByteString,
  what: SpecialNode,
  owner: Ownership,
): NodeId {
  const path = nodes.resolver.pathOf(directory, name)
  if (nodes.calls === undefined) throw new TreeError('ENOTSUP', 'Cannot make a node: the C library cannot be called')
  nodes.calls.mknod(path, TYPE_BITS[what.type] | PRIVATE_FILE, what.device)
  return adopt(nodes, directory, name, owner, () => unlinkSync(path))
}

/** What was made just now: its node, with its owner. */
function adopt(nodes: Nodes, directory: NodeId, name: ByteString, owner: Ownership, undo: () => void): NodeId {
  return nodes.resolver.atOnce(() => {
    const found = nodes.resolver.see(directory, name)
    if (found === undefined) throw new TreeError('EIO', 'What was made is gone: somebody removed it')
    finish(nodes, found.node, owner, undo)
    nodes.changed(found.node, directory)
    return found.node
  })
}

function finish(nodes: Nodes, node: NodeId, { uid, gid, mode }: Ownership, undo: () => void): void {
  try {
    nodes.pinned(node, (path, stats) => {
      if (GIVES_AWAY) chownSync(path, uid, gid)
      if (!stats.isSymbolicLink()) chmodSync(path, mode)
    })
  } catch (error) {
    unless(['ENOENT'], undo)
    throw error
  }
}
