import { ByteReader } from '../../wire/reader.ts'
import type { ByteWriter } from '../../wire/writer.ts'
import type { RawOptions } from './packet.ts'

/** Bits of option 52: which fields of the message hold options too, RFC 2132 §9.3. */
export const OVERLOAD = { bootFile: 1, serverName: 2 } as const

const PAD = 0
const END = 255
const OPTION_OVERLOAD = 52
const LONGEST_PART = 255

/**
 * Decodes the options of a message: those of the options field, then of `file`, then of `sname` where option 52 says
 * so (RFC 2131 §4.1). An option that comes more than once is one long option in parts (RFC 3396 §5).
 *
 * @throws {WireError} if an option is longer than what is left of its field, or option 52 is not 0 to 3
 */
export function decodeOptions(
  r: ByteReader,
  fields: { readonly serverName: Uint8Array; readonly bootFile: Uint8Array },
): { options: RawOptions; overload: number } {
  const parts = new Map<number, Uint8Array[]>()
  collectParts(r, parts)
  const overload = overloadOf(r, parts)
  if ((overload & OVERLOAD.bootFile) !== 0) collectParts(new ByteReader(fields.bootFile, 'DHCP file field'), parts)
  if ((overload & OVERLOAD.serverName) !== 0) collectParts(new ByteReader(fields.serverName, 'DHCP sname field'), parts)
  parts.delete(OPTION_OVERLOAD) // about this one datagram only; it must not be carried into another message
  return { options: new Map([...parts].map(([code, values]) => [code, join(values)])), overload }
}

/** Encodes options and End; what is longer than 255 bytes goes out in parts, one after the other (RFC 3396 §7). */
export function encodeOptions(w: ByteWriter, options: RawOptions): void {
  for (const [code, value] of options) {
    for (let start = 0; start === 0 || start < value.byteLength; start += LONGEST_PART) {
      const part = value.subarray(start, start + LONGEST_PART)
      w.u8(code).u8(part.byteLength).bytes(part)
    }
  }
  w.u8(END)
}

/** Bytes that an option of this length takes on the wire, with the code and length of each part. */
export function encodedOptionBytes(value: Uint8Array): number {
  return value.byteLength + 2 * Math.max(1, Math.ceil(value.byteLength / LONGEST_PART))
}

/**
 * Decodes the options inside an option, such as 43, 82 and 175: the same form, no cookie, End not required.
 *
 * @throws {WireError} if one is longer than what is left
 */
export function decodeSuboptions(bytes: Uint8Array, format: string): RawOptions {
  const parts = new Map<number, Uint8Array[]>()
  collectParts(new ByteReader(bytes, format), parts)
  return new Map([...parts].map(([code, values]) => [code, join(values)]))
}

/** Reads `code length value` until End or the end of the field: old clients leave End out. */
function collectParts(r: ByteReader, parts: Map<number, Uint8Array[]>): void {
  while (r.remaining > 0) {
    const code = r.u8('option code')
    if (code === END) return
    if (code === PAD) continue
    const value = r.bytes(r.u8(`length of option ${code}`), `option ${code}`)
    const earlier = parts.get(code)
    if (earlier === undefined) parts.set(code, [value])
    else earlier.push(value)
  }
}

function overloadOf(r: ByteReader, parts: ReadonlyMap<number, readonly Uint8Array[]>): number {
  const value = parts.get(OPTION_OVERLOAD)?.[0]
  if (value === undefined) return 0
  const bits = value[0] ?? 0
  if (value.byteLength !== 1 || bits > 3) throw r.fail(`option 52 is ${value.join(' ')}, want one byte, 1 to 3`)
  return bits
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts
  if (first !== undefined && parts.length === 1) return first
  return Uint8Array.from(Buffer.concat(parts))
}
