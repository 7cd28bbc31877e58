import { type Ipv6, ipv6FromBytes, ipv6ToBytes } from '../../net/ipv6.ts'
import { ByteReader } from '../../wire/reader.ts'
import { ByteWriter } from '../../wire/writer.ts'
import { type RawOption, readOptions, writeOptions } from './packet.ts'

/** Codes of the options that are read or written here. */
export const OPTION = {
  clientId: 1,
  serverId: 2,
  iaNa: 3,
  iaTa: 4,
  iaAddress: 5,
  optionRequest: 6,
  preference: 7,
  elapsedTime: 8,
  statusCode: 13,
  rapidCommit: 14,
  userClass: 15,
  vendorClass: 16,
  interfaceId: 18,
  dnsServers: 23, // RFC 3646
  domainList: 24,
  iaPd: 25,
  informationRefresh: 32,
  ntpServer: 56, // RFC 5908
  bootFileUrl: 59, // RFC 5970
  bootFileParameters: 60,
  clientArchitecture: 61,
  networkInterface: 62,
  clientLinkLayer: 79, // RFC 6939
} as const

/** Status codes, RFC 8415 §21.13. */
export const STATUS = {
  success: 0,
  unspecFail: 1,
  noAddrsAvail: 2,
  noBinding: 3,
  notOnLink: 4,
  useMulticast: 5,
  noPrefixAvail: 6,
} as const

/** One address of an association, with its times in seconds; 0xffffffff is for ever. RFC 8415 §21.6. */
export interface IaAddress {
  readonly address: Ipv6
  readonly preferredSeconds: number
  readonly validSeconds: number
}

/** IA_NA: one card's wish for addresses, or the answer to it. RFC 8415 §21.4. */
export interface IdentityAssociation {
  readonly iaid: number
  /** T1 and T2, seconds: when to renew and when to ask everybody; 0 leaves it to the client. */
  readonly renewSeconds: number
  readonly rebindSeconds: number
  readonly addresses: readonly IaAddress[]
  readonly status?: Status
}

export interface Status {
  readonly code: number
  readonly text: string
}

/** The first value with a code. */
export function valueOf(options: readonly RawOption[], code: number): Uint8Array | undefined {
  return options.find((option) => option.code === code)?.value
}

/** Everything in one option that has the same `code`, whatever it says. */
export function rawOption(code: number, write: (w: ByteWriter) => void): RawOption {
  const w = new ByteWriter(64)
  write(w)
  return { code, value: w.finish() }
}

/** Decodes the value of IA_NA. @throws {WireError} if it is cut */
export function decodeIaNa(value: Uint8Array): IdentityAssociation {
  const r = new ByteReader(value, 'IA_NA')
  const [iaid, renewSeconds, rebindSeconds] = [r.u32('IAID'), r.u32('T1'), r.u32('T2')]
  const options = readOptions(r)
  const addresses = options.flatMap(({ code, value: inner }) =>
    code === OPTION.iaAddress ? [decodeIaAddress(inner)] : [],
  )
  const status = valueOf(options, OPTION.statusCode)
  const rest = status === undefined ? {} : { status: decodeStatus(status) }
  return { iaid, renewSeconds, rebindSeconds, addresses, ...rest }
}

/** IA_NA as an option. */
export function encodeIaNa({ iaid, renewSeconds, rebindSeconds, addresses, status }: IdentityAssociation): RawOption {
  return rawOption(OPTION.iaNa, (w) => {
    w.u32(iaid).u32(renewSeconds).u32(rebindSeconds)
    writeOptions(w, [...addresses.map(encodeIaAddress), ...(status === undefined ? [] : [encodeStatus(status)])])
  })
}

function decodeIaAddress(value: Uint8Array): IaAddress {
  const r = new ByteReader(value, 'IAADDR')
  const address = ipv6FromBytes(r.bytes(16, 'address'))
  const times = { preferredSeconds: r.u32('preferred lifetime'), validSeconds: r.u32('valid lifetime') }
  readOptions(r) // a status, which says nothing to a server
  return { address, ...times }
}

function encodeIaAddress({ address, preferredSeconds, validSeconds }: IaAddress): RawOption {
  return rawOption(OPTION.iaAddress, (w) => w.bytes(ipv6ToBytes(address)).u32(preferredSeconds).u32(validSeconds))
}

/** Decodes a status. @throws {WireError} if it is cut */
export function decodeStatus(value: Uint8Array): Status {
  const r = new ByteReader(value, 'status code')
  return { code: r.u16('status'), text: new TextDecoder().decode(r.rest()) }
}

/** A status as an option. */
export function encodeStatus({ code, text }: Status): RawOption {
  return rawOption(OPTION.statusCode, (w) => w.u16(code).bytes(new TextEncoder().encode(text)))
}

/** Numbers of 16 bits: the options asked for (ORO), or architectures. @throws {WireError} if their length is odd */
export function decodeU16List(value: Uint8Array): number[] {
  const r = new ByteReader(value, 'list of 16-bit numbers')
  const numbers: number[] = []
  while (r.remaining > 0) numbers.push(r.u16('number'))
  return numbers
}

/** Texts with a length of 16 bits before each: user classes, parameters of a boot file. @throws {WireError} if cut */
export function decodeTexts(value: Uint8Array): string[] {
  const r = new ByteReader(value, 'list of texts')
  const texts: string[] = []
  while (r.remaining > 0) texts.push(new TextDecoder().decode(r.bytes(r.u16('length'), 'text')))
  return texts
}

/** The same as bytes. */
export function encodeTexts(w: ByteWriter, texts: readonly string[]): void {
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text)
    w.u16(bytes.byteLength).bytes(bytes)
  }
}

/** Vendor class, RFC 8415 §21.16: an enterprise number, then texts. @throws {WireError} if it is cut */
export function decodeVendorClass(value: Uint8Array): {
  readonly enterprise: number
  readonly classes: readonly string[]
} {
  const r = new ByteReader(value, 'vendor class')
  return { enterprise: r.u32('enterprise number'), classes: decodeTexts(r.rest()) }
}

/** IPv6 addresses one after the other. @throws {WireError} if one is cut */
export function decodeAddresses(value: Uint8Array): Ipv6[] {
  const r = new ByteReader(value, 'list of addresses')
  const addresses: Ipv6[] = []
  while (r.remaining > 0) addresses.push(ipv6FromBytes(r.bytes(16, 'address')))
  return addresses
}

/** Names of the DNS without compression, RFC 8415 §10. */
export function encodeDomains(w: ByteWriter, names: readonly string[]): void {
  for (const name of names) {
    for (const label of name.split('.').filter((one) => one !== '')) {
      const bytes = new TextEncoder().encode(label)
      w.u8(bytes.byteLength).bytes(bytes)
    }
    w.u8(0)
  }
}

/** NTP servers by address, RFC 5908 §4: suboption 1 for each. */
export function encodeNtpServers(w: ByteWriter, addresses: readonly Ipv6[]): void {
  for (const address of addresses) w.u16(1).u16(16).bytes(ipv6ToBytes(address))
}
