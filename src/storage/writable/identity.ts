import type { BigIntStats } from 'node:fs'
import type { FileType, NodeId } from '../file-tree.ts'
import { deviceOf, timeOf } from '../host-stats.ts'
import type { LiveAttributes } from '../writable-tree.ts'

const SMALL_INODE = 2n ** 32n
const NO_DEVICE = { major: 0, minor: 0 }

/** Numbers below are left to others, see `OverlayTree`. */
export const FIRST_NODE = 2 ** 32

/**
 * The number of a node: of its inode number and the time of its birth, so that a file that gets the number of a deleted
 * one is another node. It is the same after a restart, and from 2^32 to 2^53.
 */
export function nodeOf({ ino, birthtimeNs }: BigIntStats): NodeId {
  const born = BigInt.asUintN(64, birthtimeNs * 0x9e37_79b9_7f4a_7c15n)
  const mixed = BigInt.asUintN(64, (ino ^ born) * 0xbf58_476d_1ce4_e5b9n)
  // 21 bits of the birth and 32 of the number, where it has no more; otherwise 52 bits of both.
  if (ino < SMALL_INODE) return Number((born >> 43n || 1n) * SMALL_INODE + ino)
  return Number((mixed >> 12n) | (1n << 52n))
}

/** @param bumps changes made through the tree, which the clock may have been too slow to tell */
export function liveAttributes(stats: BigIntStats, bumps: number): LiveAttributes {
  const type = typeOf(stats)
  const isDevice = type === 'character' || type === 'block'
  return {
    type,
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: Number(stats.size),
    usedBytes: Number(stats.blocks) * 512,
    linkCount: Number(stats.nlink),
    device: isDevice ? deviceOf(stats.rdev) : NO_DEVICE,
    modified: timeOf(stats.mtimeNs),
    accessed: timeOf(stats.atimeNs),
    changed: timeOf(stats.ctimeNs),
    change: BigInt.asUintN(64, stats.ctimeNs + BigInt(bumps)),
  }
}

function typeOf(stats: BigIntStats): FileType {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  if (stats.isSymbolicLink()) return 'symlink'
  if (stats.isCharacterDevice()) return 'character'
  if (stats.isBlockDevice()) return 'block'
  return stats.isFIFO() ? 'fifo' : 'socket'
}
