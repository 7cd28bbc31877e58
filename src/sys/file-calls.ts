import { getSystemErrorMap } from 'node:util'

/** A time to set: seconds and nanoseconds, the present one, or the one it has. */
export type TimeToSet = { readonly seconds: number; readonly nanoseconds: number } | 'now' | 'keep'

/**
 * Calls on files that Node has no function for. Paths are bytes without NUL; symlinks are followed, so give a path that
 * is none: `/proc/self/fd/N`.
 *
 * @throws from every method the system's error, with its `code`
 */
export interface FileCalls {
  /** @param mode file type and permissions, less the umask */
  mknod(path: Buffer, mode: number, device: { readonly major: number; readonly minor: number }): void
  setTimes(path: Buffer, accessed: TimeToSet, modified: TimeToSet): void
  xattrs(path: Buffer): ReadonlyMap<string, Uint8Array>
  setXattr(path: Buffer, name: string, value: Uint8Array, mode: 'either' | 'create' | 'replace'): void
  removeXattr(path: Buffer, name: string): void
  /** Where data or a hole begins at or after `position`; undefined behind the end. */
  seek(fd: number, position: number, region: 'data' | 'hole'): number | undefined
  /**
   * Moves a name in one step. `exchange`: what the two names lead to changes places. `whiteout`: the device 0:0 is left
   * where the name was, which overlayfs takes for a deleted one.
   *
   * @throws also EINVAL where the file system has no such step
   */
  rename(from: Buffer, to: Buffer, how: 'exchange' | 'whiteout'): void
  /** `punch` keeps the size. */
  fallocate(fd: number, how: 'allocate' | 'punch', position: number, length: number): void
}

const AT_FDCWD = -100
const UTIME_NOW = (1 << 30) - 1
const UTIME_OMIT = (1 << 30) - 2
const XATTR_FLAGS = { either: 0, create: 1, replace: 2 } as const
const SEEK = { data: 3, hole: 4 } as const
const PUNCH_HOLE_KEEP_SIZE = 0x03
const RENAME_FLAGS = { exchange: 2, whiteout: 4 } as const
/** Names and values of attributes have at most 64 KiB, XATTR_SIZE_MAX and XATTR_LIST_MAX. */
const XATTR_BYTES = 65_536

let loaded: Promise<FileCalls | undefined> | undefined

/** The calls, through `node:ffi`; undefined where there is none (see `loadLibc`). */
export function loadFileCalls(): Promise<FileCalls | undefined> {
  loaded ??= open().catch(() => undefined)
  return loaded
}

async function open(): Promise<FileCalls | undefined> {
  if (process.env['NETROOT_NO_FFI'] !== undefined) return undefined
  const { dlopen, getInt32 } = await import('node:ffi')
  const { functions: libc } = dlopen('libc.so.6', {
    mknod: { arguments: ['pointer', 'u32', 'u64'], return: 'i32' },
    utimensat: { arguments: ['i32', 'pointer', 'pointer', 'i32'], return: 'i32' },
    listxattr: { arguments: ['pointer', 'pointer', 'u64'], return: 'i64' },
    getxattr: { arguments: ['pointer', 'pointer', 'pointer', 'u64'], return: 'i64' },
    setxattr: { arguments: ['pointer', 'pointer', 'pointer', 'u64', 'i32'], return: 'i32' },
    removexattr: { arguments: ['pointer', 'pointer'], return: 'i32' },
    lseek: { arguments: ['i32', 'i64', 'i32'], return: 'i64' },
    fallocate: { arguments: ['i32', 'i32', 'i64', 'i64'], return: 'i32' },
    renameat2: { arguments: ['i32', 'pointer', 'i32', 'pointer', 'u32'], return: 'i32' },
    __errno_location: { arguments: [], return: 'pointer' },
  })
  const check = <T extends number | bigint>(call: string, result: T): T => {
    if (result < 0) throw systemError(call, getInt32(libc.__errno_location()))
    return result
  }
  const room = Buffer.alloc(XATTR_BYTES)
  const valueOf = (path: Buffer, name: Buffer): Uint8Array => {
    const size = check('getxattr', libc.getxattr(path, name, room, BigInt(XATTR_BYTES)))
    return Uint8Array.from(room.subarray(0, Number(size)))
  }
  return {
    mknod(path, mode, { major, minor }) {
      check('mknod', libc.mknod(terminated(path), mode, deviceNumber(major, minor)))
    },
    setTimes(path, accessed, modified) {
      const times = Buffer.concat([timespec(accessed), timespec(modified)])
      check('utimensat', libc.utimensat(AT_FDCWD, terminated(path), times, 0))
    },
    xattrs(given) {
      const path = terminated(given)
      const size = Number(check('listxattr', libc.listxattr(path, room, BigInt(XATTR_BYTES))))
      const names = room.toString('utf8', 0, size).split('\0').slice(0, -1)
      return new Map(names.map((name) => [name, valueOf(path, terminated(name))]))
    },
    setXattr(path, name, value, mode) {
      const given = value.byteLength === 0 ? Buffer.alloc(1) : Buffer.from(value) // a pointer needs something to point to
      const size = BigInt(value.byteLength)
      check('setxattr', libc.setxattr(terminated(path), terminated(name), given, size, XATTR_FLAGS[mode]))
    },
    removeXattr(path, name) {
      check('removexattr', libc.removexattr(terminated(path), terminated(name)))
    },
    seek(fd, position, region) {
      const found = libc.lseek(fd, BigInt(position), SEEK[region])
      if (found >= 0n) return Number(found)
      const error = systemError('lseek', getInt32(libc.__errno_location()))
      if (error.code === 'ENXIO') return undefined
      throw error
    },
    rename(from, to, how) {
      const flags = RENAME_FLAGS[how]
      check('renameat2', libc.renameat2(AT_FDCWD, terminated(from), AT_FDCWD, terminated(to), flags))
    },
    fallocate(fd, how, position, length) {
      const mode = how === 'punch' ? PUNCH_HOLE_KEEP_SIZE : 0
      check('fallocate', libc.fallocate(fd, mode, BigInt(position), BigInt(length)))
    },
  }
}

function systemError(syscall: string, errno: number): Error & { readonly code: string } {
  const [code, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error']
  return Object.assign(new Error(`${syscall}: ${code}: ${text}`), { code, errno: -errno, syscall })
}

function terminated(value: Buffer | string): Buffer {
  return Buffer.concat([Buffer.from(value), Buffer.alloc(1)])
}

/** As glibc's gnu_dev_makedev. */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)]
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn)
}

/** struct timespec of a 64-bit system */
function timespec(time: TimeToSet): Buffer {
  const bytes = Buffer.alloc(16)
  if (time === 'now' || time === 'keep') bytes.writeBigInt64LE(BigInt(time === 'now' ? UTIME_NOW : UTIME_OMIT), 8)
  else {
    bytes.writeBigInt64LE(BigInt(time.seconds), 0)
    bytes.writeBigInt64LE(BigInt(time.nanoseconds), 8)
  }
  return bytes
}
