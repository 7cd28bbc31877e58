import { loadLibc } from './libc.ts'

/** preadv2(2): fail with EAGAIN rather than wait for the medium. */
const RWF_NOWAIT = 8

const libc = await loadLibc()
/** struct iovec: address and length */
const vector = new BigUint64Array(2)
const vectorAddress = libc?.addressOf(new Uint8Array(vector.buffer)) ?? 0n
/** Where a piece of memory lies: to be told costs as much as a read of a page. */
const addresses = new WeakMap<ArrayBufferLike, bigint>()

/**
 * Reads what is in the page cache, and waits for no medium: the event loop is everybody's.
 *
 * @returns bytes read, perhaps fewer than asked for; `waits` if the medium is needed; undefined where the system cannot
 * tell (no FFI, a file system that does not know)
 */
export function readNow(fd: number, target: Uint8Array, position: number): number | 'waits' | undefined {
  if (libc === undefined) return undefined
  vector[0] = addressOf(target)
  vector[1] = BigInt(target.byteLength)
  const count = libc.preadv2(fd, vectorAddress, 1, BigInt(position), RWF_NOWAIT)
  if (count >= 0n) return Number(count)
  return libc.errorCode() === 'EAGAIN' ? 'waits' : undefined
}

function addressOf({ buffer, byteOffset }: Uint8Array): bigint {
  let address = addresses.get(buffer)
  if (address === undefined) {
    address = libc?.addressOf(new Uint8Array(buffer)) ?? 0n
    addresses.set(buffer, address)
  }
  return address + BigInt(byteOffset)
}
