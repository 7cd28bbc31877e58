import { accessSync, constants, fstatSync } from 'node:fs'

/** Whether bytes of an open file are in the page cache. To be closed before the file is. */
export interface CachedPages {
  /** False also where a part of them lies behind the end. */
  has(position: number, length: number): boolean
  close(): void
}

const PROT_NONE = 0
const MAP_SHARED = 1
const PAGE = 4096
/** Most bytes that are looked at in one call. */
const MOST_PAGES = 1024

type Calls = Awaited<ReturnType<typeof open>>

let calls: Calls | undefined
void open()
  .catch(() => undefined)
  .then((loaded) => {
    calls = loaded
  })

/**
 * Maps a file, without a right to read it there, so that the kernel can be asked about its pages: mincore(2).
 *
 * @param length in bytes; what is behind it is never said to be there
 * @returns undefined where the system cannot tell: no FFI, no right (the kernel then says that all is there), an empty file
 */
export function cachedPages(fd: number, length: number): CachedPages | undefined {
  if (calls === undefined || length === 0 || !mayAsk(fd)) return undefined
  const { mmap, munmap, mincore, states } = calls
  const address = mmap(0n, BigInt(length), PROT_NONE, MAP_SHARED, fd, 0n)
  if (address === MAP_FAILED) return undefined
  let mapped = true
  return {
    has(position, wanted) {
      const first = Math.floor(position / PAGE)
      const pages = Math.ceil((position + wanted) / PAGE) - first
      if (!mapped || pages > MOST_PAGES || position + wanted > length) return false
      if (mincore(address + BigInt(first * PAGE), BigInt(pages * PAGE), states) !== 0) return false
      return !states.subarray(0, pages).includes(0) // bit 0; the others are not in use
    },
    close() {
      if (mapped) munmap(address, BigInt(length))
      mapped = false
    },
  }
}

const MAP_FAILED = 2n ** 64n - 1n

/** As the kernel decides it: the owner of the file, or who may write to it. */
function mayAsk(fd: number): boolean {
  if (fstatSync(fd).uid === process.geteuid?.()) return true
  try {
    accessSync(`/proc/self/fd/${fd}`, constants.W_OK)
    return true
  } catch {
    return false
  }
}

async function open() {
  if (process.env['NETROOT_NO_FFI'] !== undefined) throw new Error('not wanted')
  const { dlopen } = await import('node:ffi')
  const { functions } = dlopen('libc.so.6', {
    mmap: { arguments: ['u64', 'u64', 'i32', 'i32', 'i32', 'i64'], return: 'u64' },
    munmap: { arguments: ['u64', 'u64'], return: 'i32' },
    mincore: { arguments: ['u64', 'u64', 'pointer'], return: 'i32' },
  })
  return { ...functions, states: Buffer.alloc(MOST_PAGES) }
}
