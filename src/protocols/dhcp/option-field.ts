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
  const parts: Parts = { first: new Map(), repeated: [] }
  collectParts(r, parts)
  const overload = overloadOf(r, parts.first)
  if ((overload & OVERLOAD.bootFile) !== 0) collectParts(new ByteReader(fields.bootFile, 'DHCP file field'), parts)
  if ((overload & OVERLOAD.serverName) !== 0) collectParts(new ByteReader(fields.serverName, 'DHCP sname field'), parts)
  const options = joined(parts)
  options.delete(OPTION_OVERLOAD) // about this one datagram only; it must not be carried into another message
  return { options, overload }
}

/** Encodes options and End; what is longer than 255 bytes goes out in parts, one after the other (RFC 3396 §7). */
export function encodeOptions(w: ByteWriter, options: RawOptions): void {
  for (const [code, value] of options) {
    if (value.byteLength <= LONGEST_PART) w.u8(code).u8(value.byteLength).bytes(value)
    else encodeInParts(w, code, value)
  }
  w.u8(END)
}

function encodeInParts(w: ByteWriter, code: number, value: Uint8Array): void {
  for (let start = 0; start < value.byteLength; start += LONGEST_PART) {
    const part = value.subarray(start, start + LONGEST_PART)
    w.u8(code).u8(part.byteLength).bytes(part)
  }
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
  const parts: Parts = { first: new Map(), repeated: [] }
  collectParts(new ByteReader(bytes, format), parts)
  return joined(parts)
}

/** Options as they come: nearly every one comes once. */
interface Parts {
  readonly first: Map<number, Uint8Array>
  readonly repeated: (readonly [number, Uint8Array])[]
}

function joined({ first, repeated }: Parts): Map<number, Uint8Array> {
  for (const [code, parts] of Map.groupBy(repeated, ([its]) => its)) {
    const whole = Buffer.concat([first.get(code) ?? new Uint8Array(0), ...parts.map(([, value]) => value)])
    first.set(code, Uint8Array.from(whole))
  }
  return first
}

/** Reads `code length value` until End or the end of the field: old clients leave End out. */
function collectParts(r: ByteReader, { first, repeated }: Parts): void {
  while (r.remaining > 0) {
    const code = r.u8('option code')
    if (code === END) return
    if (code === PAD) continue
    const value = r.bytes(r.u8(`length of option ${code}`), `option ${code}`)
    if (first.has(code)) repeated.push([code, value])
    else first.set(code, value)
  }
}

function overloadOf(r: ByteReader, parts: RawOptions): number {
  const value = parts.get(OPTION_OVERLOAD)
  if (value === undefined) return 0
  const bits = value[0] ?? 0
  if (value.byteLength !== 1 || bits > 3) throw r.fail(`option 52 is ${value.join(' ')}, want one byte, 1 to 3`)
  return bits
}
