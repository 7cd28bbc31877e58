import type { Attributes } from '../file-tree.ts'

/*
 * The format is that of Linux overlayfs (Documentation/filesystems/overlayfs.rst): a name that is deleted is a character
 * device 0:0, a directory that hides the one below has the attribute `opaque`. So `mount -t overlay` shows the same.
 */

/** Root has the attributes that users cannot touch; others mount with `userxattr`. */
const NAMESPACE = process.geteuid?.() === 0 ? 'trusted' : 'user'

export const OPAQUE = `${NAMESPACE}.overlay.opaque`
export const OPAQUE_VALUE: Uint8Array = Buffer.from('y')
/** Our own: which node of which release was copied up, `KEY NODE`. Overlayfs passes over it. */
export const ORIGIN = `${NAMESPACE}.netroot.origin`

/** True for an attribute that is the overlay's own, and no business of clients. */
export function isPrivate(name: string): boolean {
  return /^(?:trusted|user)\.(?:overlay|netroot)\./.test(name)
}

/** True if this stands for a name that is deleted. */
export function isWhiteout({ type, device }: Attributes): boolean {
  return type === 'character' && device.major === 0 && device.minor === 0
}

export const WHITEOUT = { type: 'character', device: { major: 0, minor: 0 } } as const
/** Whose a whiteout is does not matter. */
export const WHITEOUT_OWNER = { mode: 0, uid: 0, gid: 0 }
