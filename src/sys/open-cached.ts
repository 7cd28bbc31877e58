import { constants } from 'node:fs'
import { type ByteString } from '../wire/bytestring.ts'
import { loadLibc } from './libc.ts'

/** openat2(2), the same number on every architecture. */
const OPENAT2 = 437n
/** struct open_how */
const HOW_BYTES = 24
/** O_PATH | O_CLOEXEC: open for nothing but to be a place, which needs no permission and does nothing to what is opened. */
const PLACE = 0o10_000_000 | 0o2_000_000 | constants.O_NOFOLLOW
/** RESOLVE_CACHED: fail with EAGAIN rather than ask the medium. */
const CACHED = 0x20n
/** NAME_MAX, and the NUL */
const NAME_BYTES = 256

const libc = await loadLibc()
const how = Buffer.alloc(HOW_BYTES)
how.writeBigUInt64LE(BigInt(PLACE), 0)
how.writeBigUInt64LE(CACHED, 16)
const room = Buffer.alloc(NAME_BYTES)

/** What {@link openCached} finds. */
export type Cached = number | 'waits' | 'missing' | undefined

/**
 * A descriptor (O_PATH) of what a name in an open directory leads to, symlinks not followed, if the kernel's cache of
 * names has it: no medium is waited for. What it is like, fstat(2) then tells from memory, too.
 *
 * @param name 1 to 255 bytes, no `/`, no NUL
 * @returns the descriptor, to be closed; `waits` if the medium must be asked; `missing` if there is no such name;
 * undefined where the system cannot tell (no FFI, Linux before 5.12, or another error, which the usual call will tell)
 */
export function openCached(directory: number, name: ByteString): Cached {
  if (libc === undefined) return undefined
  const length = room.write(name, 0, NAME_BYTES - 1, 'latin1')
  room[length] = 0
  const fd = Number(libc.syscall(OPENAT2, BigInt(directory), room, how, BigInt(HOW_BYTES)))
  if (fd >= 0) return fd
  const code = libc.errorCode()
  if (code === 'EAGAIN') return 'waits'
  return code === 'ENOENT' ? 'missing' : undefined
}
