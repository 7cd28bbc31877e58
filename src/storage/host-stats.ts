import type { Attributes } from './file-tree.ts'

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
