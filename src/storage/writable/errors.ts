import { TreeError, type TreeErrorCode } from '../writable-tree.ts'

const KNOWN: Readonly<Record<TreeErrorCode, true>> = {
  EPERM: true,
  ENOENT: true,
  EIO: true,
  EACCES: true,
  EBUSY: true,
  EEXIST: true,
  EXDEV: true,
  ENOTDIR: true,
  EISDIR: true,
  EINVAL: true,
  EFBIG: true,
  ENOSPC: true,
  EROFS: true,
  EMLINK: true,
  ENAMETOOLONG: true,
  ENOTEMPTY: true,
  EDQUOT: true,
  ENODATA: true,
  ENOTSUP: true,
  E2BIG: true,
  ETXTBSY: true,
}
/** Other names of the same. */
const SAME: Readonly<Record<string, TreeErrorCode>> = { ELOOP: 'ENOTDIR', ENXIO: 'EINVAL', EOPNOTSUPP: 'ENOTSUP' }

/** What a call of the system threw, as a TreeError where it is about the tree, else as it is. */
export function asTreeError(error: unknown): unknown {
  const code = codeOf(error)
  const known = code === undefined ? undefined : (SAME[code] ?? (isKnown(code) ? code : undefined))
  if (known === undefined || error instanceof TreeError) return error
  return new TreeError(known, error instanceof Error ? error.message : known, { cause: error })
}

/** Errors of Linux that Node has no name for: to it they are all UNKNOWN. */
const NAMELESS: Readonly<Record<number, TreeErrorCode>> = { [-122]: 'EDQUOT' }

/** The `code` of an error of the system. */
export function codeOf(error: unknown): string | undefined {
  const errno = error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? error.errno : 0
  if (errno in NAMELESS) return NAMELESS[errno]
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function isKnown(code: string): code is TreeErrorCode {
  return Object.hasOwn(KNOWN, code)
}

/** The value, or undefined where the call throws an error with one of these codes. */
export function unless<T>(codes: readonly string[], call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if (codes.includes(codeOf(error) ?? '')) return undefined
    throw error
  }
}
