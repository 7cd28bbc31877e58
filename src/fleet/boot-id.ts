import { randomInt } from 'node:crypto'

/** Letters and digits that nobody confuses when reading them from a screen: no 0 o, 1 i l. */
const ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz'
const LENGTH = 6
const ID = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`)

/**
 * A new boot id, short enough to type: `k7m2qa`. Random, so that ids of several servers and of a lost database do not
 * meet; it is a name and no secret: it stands on the kernel command line and travels in the clear.
 */
export function newBootId(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
}

/** Has the text the form of a boot id? */
export function isBootId(text: string): boolean {
  return ID.test(text)
}
