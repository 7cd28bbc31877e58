/** A MAC address in its one canonical form: lower case, colons, `52:54:00:12:34:56`. */
export type Mac = string

const SIX_OCTETS = /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}$/

/**
 * Reads `52:54:00:12:34:56`, `52-54-00-12-34-56`, `525400123456` and PXELINUX's `01-52-54-00-12-34-56`, in any case.
 *
 * @throws {TypeError} if it is none of these
 */
export function parseMac(text: string): Mac {
  const mac = tryParseMac(text)
  if (mac !== undefined) return mac
  throw new TypeError(`Cannot read MAC address "${text}", want six octets such as 52:54:00:12:34:56`)
}

/** The same for text that may well be something else: undefined if it is no MAC address. */
export function tryParseMac(text: string): Mac | undefined {
  const lower = text.trim().toLowerCase()
  const plain = /^01[:-]([0-9a-f]{2}(?:[:-][0-9a-f]{2}){5})$/.exec(lower)?.[1] ?? lower
  if (SIX_OCTETS.test(plain)) return plain.replaceAll('-', ':')
  return /^[0-9a-f]{12}$/.test(plain) ? plain.replace(/..(?=.)/g, '$&:') : undefined
}

/** The MAC address of six bytes. */
export function macFromBytes(bytes: Uint8Array): Mac {
  let mac = ''
  for (const [at, byte] of bytes.entries()) mac += at === 0 ? PAIRS[byte] : `:${PAIRS[byte]}`
  return mac
}

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** The six bytes of a MAC address. */
export function macToBytes(mac: Mac): Uint8Array {
  return Uint8Array.from(Buffer.from(mac.replaceAll(':', ''), 'hex'))
}
