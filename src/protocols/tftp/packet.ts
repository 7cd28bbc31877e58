import { ByteReader } from '../../wire/reader.ts'
import { ByteWriter } from '../../wire/writer.ts'

/** RFC 1350 §5, and RFC 2347 for the last. */
export const OPCODE = { readRequest: 1, writeRequest: 2, data: 3, ack: 4, error: 5, optionAck: 6 } as const

/** RFC 1350, appendix; RFC 2347 for the last. */
export const ERROR_CODE = {
  undefined: 0,
  fileNotFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  unknownTransfer: 5,
  optionsRefused: 8,
} as const

/** Bytes of opcode and block number before the data. */
export const DATA_HEADER_LENGTH = 4

/** Longest text of an ERROR in characters: some firmware keeps it in a small buffer. */
const ERROR_TEXT_LENGTH = 200

/** What a client asks for. */
export interface ReadRequest {
  readonly filename: string
  readonly mode: 'octet' | 'netascii'
  /** As asked, not yet agreed. Names lower-cased, values still text: `blksize` → `'1468'`. */
  readonly options: ReadonlyMap<string, string>
}

/** An ERROR packet. */
export interface TftpError {
  readonly code: number
  readonly text: string
}

/** The first 16 bits of a datagram, or undefined if it has fewer. */
export function opcodeOf(datagram: Uint8Array): number | undefined {
  const [high, low] = datagram
  return high === undefined || low === undefined ? undefined : high * 256 + low
}

/**
 * Decodes a read request, RFC 1350 §5, with the options of RFC 2347.
 *
 *     | 00 01 | filename | 0 | mode | 0 | option | 0 | value | 0 | …
 *
 * @throws {WireError} if the datagram is not one whole request to read
 */
export function decodeReadRequest(datagram: Uint8Array): ReadRequest {
  const r = new ByteReader(datagram, 'TFTP RRQ')
  r.expectU16(OPCODE.readRequest, 'opcode')
  const filename = r.cstring('file name')
  if (filename === '') throw r.fail('file name is empty', 2)
  const mode = r.cstring('mode').toLowerCase() // any case is legal, RFC 1350 §5
  if (mode !== 'octet' && mode !== 'netascii') throw r.fail(`mode is "${mode.slice(0, 20)}", want octet or netascii`)
  return { filename, mode, options: decodeOptions(r) }
}

/** Encodes a read request, for clients. */
export function encodeReadRequest({ filename, mode, options }: ReadRequest): Uint8Array {
  const w = new ByteWriter().u16(OPCODE.readRequest).cstring(filename).cstring(mode)
  for (const [name, value] of options) w.cstring(name).cstring(value)
  return w.finish()
}

/**
 * The block number of an acknowledgement, 0 to 65535.
 *
 * @throws {WireError} if the datagram is cut or no ACK
 */
export function decodeAck(datagram: Uint8Array): number {
  const r = new ByteReader(datagram, 'TFTP ACK')
  r.expectU16(OPCODE.ack, 'opcode')
  return r.u16('block') // some firmware pads an ACK to the length of its buffer: what follows is not looked at
}

/** Encodes an acknowledgement, for clients. */
export function encodeAck(block: number): Uint8Array {
  return new ByteWriter(4).u16(OPCODE.ack).u16(block).finish()
}

/**
 * Decodes an ERROR. The text may lack its NUL, as firmware sends it.
 *
 * @throws {WireError} if the datagram is cut before the text
 */
export function decodeError(datagram: Uint8Array): TftpError {
  const r = new ByteReader(datagram, 'TFTP ERROR')
  r.expectU16(OPCODE.error, 'opcode')
  const code = r.u16('code')
  const [text = ''] = new TextDecoder().decode(r.rest().subarray(0, ERROR_TEXT_LENGTH)).split('\0')
  return { code, text }
}

/** Encodes an ERROR; a text that is too long for a client's buffer is cut. */
export function encodeError({ code, text }: TftpError): Uint8Array {
  const short = text.length > ERROR_TEXT_LENGTH ? `${text.slice(0, ERROR_TEXT_LENGTH - 1)}…` : text
  return new ByteWriter(64).u16(OPCODE.error).u16(code).cstring(short).finish()
}

/** Encodes an option acknowledgement, RFC 2347. */
export function encodeOptionAck(options: ReadonlyMap<string, string>): Uint8Array {
  const w = new ByteWriter(64).u16(OPCODE.optionAck)
  for (const [name, value] of options) w.cstring(name).cstring(value)
  return w.finish()
}

/**
 * Decodes an option acknowledgement, for clients.
 *
 * @throws {WireError} if the datagram is cut or no OACK
 */
export function decodeOptionAck(datagram: Uint8Array): ReadonlyMap<string, string> {
  const r = new ByteReader(datagram, 'TFTP OACK')
  r.expectU16(OPCODE.optionAck, 'opcode')
  return decodeOptions(r)
}

/** Writes opcode and block number before data that stands at offset 4 of `target`. Numbers above 65535 roll over. */
export function putDataHeader(target: Uint8Array, block: number): void {
  target[0] = 0
  target[1] = OPCODE.data
  target[2] = (block >>> 8) & 0xff
  target[3] = block & 0xff
}

/** Name and value pairs. A name that is empty ends them: some firmware fills its request up with NULs. */
function decodeOptions(r: ByteReader): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  while (r.remaining > 0) {
    const name = r.cstring('option name').toLowerCase()
    if (name === '') break
    options.set(name, r.cstring('option value'))
  }
  return options
}
