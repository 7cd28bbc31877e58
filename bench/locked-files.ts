import { constants, closeSync, fstatSync, openSync } from 'node:fs'
import { dlopen } from 'node:ffi'

const [PROT_READ, MAP_SHARED] = [1, 1]
const { functions: libc } = dlopen('libc.so.6', {
  mmap: { arguments: ['u64', 'u64', 'i32', 'i32', 'i32', 'i64'], return: 'u64' },
  mlock: { arguments: ['u64', 'u64'], return: 'i32' },
  munmap: { arguments: ['u64', 'u64'], return: 'i32' },
})

/**
 * Does something while the pages of files stay in memory: a measurement of a server must not become one of the disk.
 *
 * @throws {Error} if the system does not let so much be locked
 */
export async function whileInMemory<T>(paths: readonly string[], work: () => Promise<T>): Promise<T> {
  const maps = paths.map((path) => lock(path))
  try {
    return await work()
  } finally {
    for (const [address, size] of maps) libc.munmap(address, size)
  }
}

function lock(path: string): readonly [bigint, bigint] {
  const fd = openSync(path, constants.O_RDONLY)
  try {
    const size = BigInt(fstatSync(fd).size)
    const address = libc.mmap(0n, size, PROT_READ, MAP_SHARED, fd, 0n)
    if (libc.mlock(address, size) < 0)
      throw new Error(`Cannot lock ${path} in memory: want root, or ulimit -l unlimited`)
    return [address, size]
  } finally {
    closeSync(fd)
  }
}
