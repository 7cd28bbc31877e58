import type { ByteString } from '../../wire/bytestring.ts'
import { TreeError } from '../writable-tree.ts'

/** NAME_MAX */
const MAX_NAME_BYTES = 255
/** PATH_MAX less the NUL */
const MAX_TARGET_BYTES = 4095

/** True for what can be a name in a directory. */
export function isName(name: ByteString): boolean {
  return name.length <= MAX_NAME_BYTES && isComponent(name)
}

/** @throws {TreeError} EINVAL or ENAMETOOLONG if it cannot be the name of something new */
export function checkName(name: ByteString): void {
  if (!isComponent(name))
    throw new TreeError('EINVAL', `"${name}" is no name: want bytes but "/" and NUL, not "." or ".."`)
  if (name.length > MAX_NAME_BYTES) {
    throw new TreeError('ENAMETOOLONG', `A name has ${name.length} bytes, want at most ${MAX_NAME_BYTES}`)
  }
}

/** @throws {TreeError} if it cannot be the target of a symlink */
export function checkTarget(target: ByteString): void {
  if (target === '' || target.includes('\0')) throw new TreeError('EINVAL', 'A target is empty or has a NUL in it')
  if (target.length > MAX_TARGET_BYTES) {
    throw new TreeError('ENAMETOOLONG', `A target has ${target.length} bytes, want at most ${MAX_TARGET_BYTES}`)
  }
}

function isComponent(name: ByteString): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0')
}

/**
 * The place of a name in the listing of a directory that changes: made of the name alone, so that it stays whatever
 * else comes and goes. 52 bits, above 2.
 */
export function cookieOf(name: ByteString): number {
  let [a, b] = [0x811c_9dc5, 0x9e37_79b9]
  for (let at = 0; at < name.length; at += 1) {
    const byte = name.charCodeAt(at)
    a = Math.imul(a ^ byte, 0x0100_0193) // FNV-1a
    b = Math.imul(b ^ byte, 0x85eb_ca6b) ^ (b >>> 15)
  }
  return 3 + (a >>> 0) * 2 ** 20 + (b >>> 12)
}
