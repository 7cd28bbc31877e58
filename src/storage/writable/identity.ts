import type { BigIntStats } from 'node:fs'
import type { NodeId } from '../file-tree.ts'
import { attributesOf, timeOf } from '../host-stats.ts'
import type { LiveAttributes } from '../writable-tree.ts'

const SMALL_INODE = 2n ** 32n

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
  return {
    ...attributesOf(stats),
    accessed: timeOf(stats.atimeNs),
    changed: timeOf(stats.ctimeNs),
    change: BigInt.asUintN(64, stats.ctimeNs + BigInt(bumps)),
  }
}
