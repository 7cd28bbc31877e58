import { type Ipv4, ipv4FromBytes, ipv4ToBytes } from '../../net/ipv4.ts'
import { ByteReader } from '../../wire/reader.ts'
import { ByteWriter } from '../../wire/writer.ts'
import { decodeSuboptions, encodeOptions } from './option-field.ts'
import type { RawOptions } from './packet.ts'

/** How one option is read and written. */
export interface OptionCodec<T> {
  readonly code: number
  /** For error messages, in the words of its RFC. */
  readonly name: string
  /** @throws {WireError} if the bytes are not what the RFC says */
  readonly decode: (bytes: Uint8Array) => T
  readonly encode: (value: T) => Uint8Array
}

/** A route of option 121. */
export interface ClasslessRoute {
  readonly network: Ipv4
  /** Bits of the network part, 0 to 32. */
  readonly prefix: number
  readonly router: Ipv4
}

const NOTHING = (): void => undefined
const UTF8 = new TextDecoder()

/** Builds a codec whose reader must take all of the bytes. */
export function codec<T>(
  code: number,
  name: string,
  read: (r: ByteReader) => T,
  write: (w: ByteWriter, value: T) => void,
): OptionCodec<T> {
  return {
    code,
    name,
    decode(bytes) {
      const r = new ByteReader(bytes, `DHCP option ${code} (${name})`)
      const value = read(r)
      r.end()
      return value
    },
    encode(value) {
      const w = new ByteWriter(16)
      write(w, value)
      return w.finish()
    },
  }
}

export function u16Option(code: number, name: string): OptionCodec<number> {
  return codec(
    code,
    name,
    (r) => r.u16(name),
    (w, value) => w.u16(value),
  )
}
// the next three are in every message: they are encoded without a writer
export function u32Option(code: number, name: string): OptionCodec<number> {
  const encode = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
  return { ...codec(code, name, (r) => r.u32(name), NOTHING), encode }
}
export function addressOption(code: number, name: string): OptionCodec<Ipv4> {
  return { ...codec(code, name, (r) => ipv4FromBytes(r.bytes(4, name)), NOTHING), encode: ipv4ToBytes }
}
export function bytesOption(code: number, name: string): OptionCodec<Uint8Array> {
  return codec(
    code,
    name,
    (r) => r.rest(),
    (w, value) => w.bytes(value),
  )
}

/** One address or more, the most preferred first. */
export function addressesOption(code: number, name: string): OptionCodec<readonly Ipv4[]> {
  return codec(
    code,
    name,
    (r) => readAll(r, () => ipv4FromBytes(r.bytes(4, name))),
    (w, value) => value.forEach((address) => w.bytes(ipv4ToBytes(address))),
  )
}

/** Text. RFC 2132 §2 wants no NUL at its end, and receivers to trim one: some firmware sends it. */
export function textOption(code: number, name: string): OptionCodec<string> {
  const decode = (r: ByteReader): string => withoutNuls(UTF8.decode(r.rest()))
  return { ...codec(code, name, decode, NOTHING), encode: (value) => new TextEncoder().encode(value) }
}

function withoutNuls(text: string): string {
  return text.endsWith('\0') ? text.replace(/\0+$/, '') : text
}

export function u8ListOption(code: number, name: string): OptionCodec<readonly number[]> {
  return codec<readonly number[]>(
    code,
    name,
    (r) => numbersOf(r.rest()),
    (w, value) => w.bytes(Uint8Array.from(value)),
  )
}
/** A quarter of what `Array.from()` takes. */
function numbersOf(bytes: Uint8Array): readonly number[] {
  const numbers: number[] = []
  for (let at = 0; at < bytes.byteLength; at += 1) numbers.push(bytes[at] ?? 0)
  return numbers
}

export function u16ListOption(code: number, name: string): OptionCodec<readonly number[]> {
  return codec(
    code,
    name,
    (r) => readAll(r, () => r.u16(name)),
    (w, value) => value.forEach((one) => w.u16(one)),
  )
}

/** Options inside an option. */
export function encapsulatedOption(code: number, name: string): OptionCodec<RawOptions> {
  return codec(
    code,
    name,
    (r) => decodeSuboptions(r.rest(), `DHCP option ${code} (${name})`),
    (w, value) => encodeOptions(w, value),
  )
}

/** RFC 3442: the prefix, then only as many bytes of the network as the prefix needs, then the router. */
export function routesOption(code: number, name: string): OptionCodec<readonly ClasslessRoute[]> {
  return codec(
    code,
    name,
    (r) => readAll(r, () => readRoute(r)),
    (w, value) => value.forEach((route) => writeRoute(w, route)),
  )
}

function readRoute(r: ByteReader): ClasslessRoute {
  const prefix = r.u8('prefix')
  if (prefix > 32) throw r.fail(`prefix is ${prefix}, want at most 32`, r.offset - 1)
  const network = new Uint8Array(4)
  network.set(r.bytes(Math.ceil(prefix / 8), 'network'))
  return { network: ipv4FromBytes(network), prefix, router: ipv4FromBytes(r.bytes(4, 'router')) }
}

function writeRoute(w: ByteWriter, { network, prefix, router }: ClasslessRoute): void {
  w.u8(prefix)
    .bytes(ipv4ToBytes(network).subarray(0, Math.ceil(prefix / 8)))
    .bytes(ipv4ToBytes(router))
}

/** User classes, RFC 3004: `length text` each. iPXE and others send the bare text instead. */
export function userClassOption(code: number, name: string): OptionCodec<readonly string[]> {
  return codec<readonly string[]>(
    code,
    name,
    (r) => readUserClasses(r.rest()),
    (w, value) => value.forEach((text) => w.u8(Buffer.byteLength(text)).bytes(Buffer.from(text))),
  )
}

function readUserClasses(bytes: Uint8Array): string[] {
  const classes: string[] = []
  for (let at = 0; at < bytes.byteLength; ) {
    const end = at + 1 + (bytes[at] ?? 0)
    if (end > bytes.byteLength || end === at + 1) return [UTF8.decode(bytes)]
    classes.push(UTF8.decode(bytes.subarray(at + 1, end)))
    at = end
  }
  return classes
}

/** Calls `read` until nothing is left; an empty list is refused because no option of a list may be empty. */
function readAll<T>(r: ByteReader, read: () => T): readonly T[] {
  const values = [read()]
  while (r.remaining > 0) values.push(read())
  return values
}
