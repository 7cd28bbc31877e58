import { chmodSync, chownSync, ftruncate, truncateSync, utimesSync } from 'node:fs'
import { promisify } from 'node:util'
import type { NodeId, Timestamp } from '../file-tree.ts'
import { timeOf } from '../host-stats.ts'
import { type AttributeChanges, TreeError } from '../writable-tree.ts'
import { asTreeError } from './errors.ts'
import { BLOCK, LARGE } from './large.ts'
import type { Nodes } from './nodes.ts'
import type { OpenNode } from './open-node.ts'
import type { TimeToSet } from '../../sys/file-calls.ts'

const cutLater = promisify(ftruncate)

/** Changes attributes: size, owner, mode, times, in this order. */
export function setAttributes(nodes: Nodes, node: NodeId, changes: AttributeChanges): void {
  const { size, uid, gid, mode, accessed, modified } = changes
  nodes.pinned(node, (path, stats) => {
    if (size !== undefined) {
      if (stats.isDirectory()) throw new TreeError('EISDIR', 'A directory has no size to set')
      if (!stats.isFile()) throw new TreeError('EINVAL', 'Only a regular file has a size to set')
      // Node's numbers are not exact beyond it, and no file system has such a file.
      if (size > Number.MAX_SAFE_INTEGER) throw new TreeError('EFBIG', `A file cannot have ${size} bytes`)
      truncate(nodes, node, path, size)
    }
    if (uid !== undefined || gid !== undefined) chownSync(path, uid ?? Number(stats.uid), gid ?? Number(stats.gid))
    if (mode !== undefined && !stats.isSymbolicLink()) chmodSync(path, mode)
    if (accessed === undefined && modified === undefined) return
    if (nodes.calls !== undefined) nodes.calls.setTimes(path, accessed ?? 'keep', modified ?? 'keep')
    else if (!stats.isSymbolicLink())
      setTimesRoughly(path, accessed ?? timeOf(stats.atimeNs), modified ?? timeOf(stats.mtimeNs))
  })
  nodes.changed(node)
}

/** The file, held, if so much is cut off that the file system takes its time: for {@link cut}. */
export function holdToCut(nodes: Nodes, node: NodeId, size: number): OpenNode | undefined {
  const stats = nodes.stats(node)
  const large = stats.isFile() && Number(stats.blocks) * BLOCK >= LARGE && Number(stats.size) - size >= LARGE
  return large ? nodes.hold(node) : undefined
}

/** Cuts a held file by the thread pool, and releases it. @throws {TreeError} */
export async function cut(nodes: Nodes, file: OpenNode, size: number): Promise<void> {
  try {
    await file.writing.during((fd) => cutLater(fd, size))
    nodes.changed(file.node)
  } catch (error) {
    throw asTreeError(error)
  } finally {
    nodes.open.release(file)
  }
}

/** A file that is open for writing may have become read-only since. */
function truncate(nodes: Nodes, node: NodeId, path: Buffer, size: number): void {
  const open = nodes.open.get(node)
  if (open === undefined) truncateSync(path, size)
  else open.truncate(size)
}

/** As well as Node can: to the microsecond or so. */
function setTimesRoughly(
  path: Buffer,
  accessed: Exclude<TimeToSet, 'keep'>,
  modified: Exclude<TimeToSet, 'keep'>,
): void {
  utimesSync(path, inSeconds(accessed), inSeconds(modified))
}

function inSeconds(time: Timestamp | 'now'): number {
  return time === 'now' ? Date.now() / 1000 : time.seconds + time.nanoseconds / 1e9
}
