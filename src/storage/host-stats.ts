import type { BigIntStats } from 'node:fs'
import type { Attributes, FileType } from './file-tree.ts'

/** Device numbers out of `st_rdev`, as glibc's gnu_dev_major and gnu_dev_minor. */
export function deviceOf(rdev: bigint): Attributes['device'] {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
  }
}

/** Nanoseconds since 1970 in two parts, rounded down, so that the second is never negative. */
export function timeOf(nanoseconds: bigint): Attributes['modified'] {
  const rest = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  return { seconds: Number((nanoseconds - rest) / 1_000_000_000n), nanoseconds: Number(rest) }
}

/** What the host tells of a file, as trees tell it. */
export function attributesOf(stats: BigIntStats): Attributes {
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
    device: isDevice ? deviceOf(stats.rdev) : { major: 0, minor: 0 },
    modified: timeOf(stats.mtimeNs),
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
