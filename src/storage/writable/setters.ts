import { type BigIntStats, ftruncate, utimesSync } from 'node:fs'
import { chmod, chown, truncate, utimes } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { NodeId, Timestamp } from '../file-tree.ts'
import { timeOf } from '../host-stats.ts'
import { type AttributeChanges, TreeError } from '../writable-tree.ts'
import type { Nodes } from './nodes.ts'
import type { OpenNode } from './open-node.ts'

const cutLater = promisify(ftruncate)

/**
 * Changes attributes: size, owner, mode, times, in this order. The thread pool does it, for a file system that is busy
 * writing makes changes wait.
 *
 * @throws {StaleNodeError} and {@link TreeError}
 */
export async function setAttributes(nodes: Nodes, node: NodeId, changes: AttributeChanges): Promise<void> {
  const { size, uid, gid, mode, accessed, modified } = changes
  await nodes.pinnedLater(node, async (path, stats, open) => {
    if (size !== undefined) await setSize(path, stats, open, size)
    if (uid !== undefined || gid !== undefined) await chown(path, uid ?? Number(stats.uid), gid ?? Number(stats.gid))
    if (mode !== undefined && !stats.isSymbolicLink()) await chmod(path, mode)
    if (accessed !== undefined || modified !== undefined) await setTimes(nodes, path, stats, changes)
  })
  nodes.changed(node)
}

/** A file that is open for writing may have become read-only since. */
async function setSize(path: Buffer, stats: BigIntStats, open: OpenNode | undefined, size: number): Promise<void> {
  if (stats.isDirectory()) throw new TreeError('EISDIR', 'A directory has no size to set')
  if (!stats.isFile()) throw new TreeError('EINVAL', 'Only a regular file has a size to set')
  // Node's numbers are not exact beyond it, and no file system has such a file.
  if (size > Number.MAX_SAFE_INTEGER) throw new TreeError('EFBIG', `A file cannot have ${size} bytes`)
  if (open === undefined) await truncate(path, size)
  else await open.writing.during((fd) => cutLater(fd, size))
}

/** Whole seconds, as packages have them, by the thread pool. Node has no function that takes others as they are. */
async function setTimes(
  nodes: Nodes,
  path: Buffer,
  stats: BigIntStats,
  { accessed, modified }: AttributeChanges,
): Promise<void> {
  if (isSimple(accessed) && isSimple(modified)) await utimes(path, accessed.seconds, modified.seconds)
  else if (nodes.calls !== undefined) nodes.calls.setTimes(path, accessed ?? 'keep', modified ?? 'keep')
  else if (!stats.isSymbolicLink())
    setTimesRoughly(path, accessed ?? timeOf(stats.atimeNs), modified ?? timeOf(stats.mtimeNs))
}

/** Node takes a number below 0 for now. */
function isSimple(time: AttributeChanges['accessed']): time is Timestamp {
  return time !== undefined && time !== 'now' && time.nanoseconds === 0 && time.seconds >= 0
}

/** As well as Node can: to the microsecond or so. */
function setTimesRoughly(path: Buffer, accessed: Timestamp | 'now', modified: Timestamp | 'now'): void {
  utimesSync(path, inSeconds(accessed), inSeconds(modified))
}

/** A number of seconds; what was before 1970 only as a date. */
function inSeconds(time: Timestamp | 'now'): number | Date {
  if (time === 'now') return Date.now() / 1000
  const seconds = time.seconds + time.nanoseconds / 1e9
  return seconds < 0 ? new Date(seconds * 1000) : seconds
}
