import type { Ipv6 } from '../../net/ipv6.ts'
import { macOfLinkLocal } from '../../net/ipv6.ts'
import { type Mac, macFromBytes } from '../../net/mac.ts'
import { toHex } from '../../wire/hex.ts'
import { type Duid, decodeDuid, macInDuid } from './duid.ts'
import { decodeTexts, decodeU16List, decodeVendorClass, OPTION, valueOf } from './options.ts'
import type { Dhcp6Datagram, RawOption } from './packet.ts'

/** What a machine says of itself in a DHCPv6 message. Malformed options count as not sent. */
export interface Dhcp6Client {
  /** In hexadecimal; firmware, initramfs and system each send another. Absent in some INFORMATION-REQUESTs. */
  readonly duid?: string
  /** MAC address of the card that asks: told by the relay, or seen from the address it asks from. */
  readonly cardMac?: Mac
  /** The one that its DUID was made of: that of any card of the machine. */
  readonly duidMac?: Mac
  /** SMBIOS UUID, where the DUID was made of it. */
  readonly uuid?: string
  /** Kind of firmware, the first of option 61: 7 is UEFI x64, 16 UEFI x64 over HTTP. */
  readonly architecture?: number
  /** Enterprise number and text of option 16: `PXEClient:Arch:00007:UNDI:003016`, `HTTPClient:…`. */
  readonly vendorClass?: { readonly enterprise: number; readonly text: string }
  readonly userClasses: readonly string[]
  readonly firmware: 'pxe' | 'http' | 'none'
  readonly isIpxe: boolean
  /** Codes of the options it asks for. */
  readonly requestedOptions: readonly number[]
  /** Address of the relay next to it. */
  readonly relay?: Ipv6
}

/**
 * The view of a message that policy decides by.
 *
 * @param peer address that the datagram came from, without zone
 */
export function describeClient6({ message, relays }: Dhcp6Datagram, peer: Ipv6): Dhcp6Client {
  const { options } = message
  const nearest = relays.at(-1)
  const id = valueOf(options, OPTION.clientId)
  const duid = id === undefined ? undefined : attempt(() => decodeDuid(id))
  const userClasses = read(options, OPTION.userClass, decodeTexts) ?? []
  const vendorClass = vendorClassIn(options)
  const relayed = nearest === undefined ? undefined : macInOption79(nearest.options)
  return {
    userClasses,
    firmware: firmwareOf(vendorClass?.text),
    isIpxe: userClasses.includes('iPXE'),
    requestedOptions: read(options, OPTION.optionRequest, decodeU16List) ?? [],
    ...(id === undefined || duid === undefined ? {} : { duid: toHex(id) }),
    ...present('cardMac', relayed ?? macOfLinkLocal(nearest?.peerAddress ?? peer)),
    ...present('duidMac', duid === undefined ? undefined : macInDuid(duid)),
    ...present('uuid', duid === undefined ? undefined : uuidIn(duid)),
    ...present('architecture', read(options, OPTION.clientArchitecture, decodeU16List)?.[0]),
    ...present('vendorClass', vendorClass),
    ...present('relay', nearest?.linkAddress),
  }
}

function vendorClassIn(options: readonly RawOption[]): Dhcp6Client['vendorClass'] {
  const found = read(options, OPTION.vendorClass, decodeVendorClass)
  const [text] = found?.classes ?? []
  return found === undefined || text === undefined ? undefined : { enterprise: found.enterprise, text }
}

function firmwareOf(vendorClass = ''): Dhcp6Client['firmware'] {
  if (vendorClass.startsWith('PXEClient')) return 'pxe'
  return vendorClass.startsWith('HTTPClient') ? 'http' : 'none'
}

/** RFC 6939 §4: hardware type, then the address. */
function macInOption79(options: readonly RawOption[]): Mac | undefined {
  const value = valueOf(options, OPTION.clientLinkLayer)
  return value?.byteLength === 8 && value[0] === 0 && value[1] === 1 ? macFromBytes(value.subarray(2)) : undefined
}

/** UEFI and iPXE send SMBIOS's bytes as they lie in memory: the first three groups are little-endian. */
function uuidIn(duid: Duid): string | undefined {
  if (duid.kind !== 'uuid') return undefined
  const part = (start: number, end: number): number[] => [...duid.uuid.subarray(start, end)] // of a Buffer slice() is no copy
  const bytes = [...part(0, 4).reverse(), ...part(4, 6).reverse(), ...part(6, 8).reverse(), ...part(8, 16)]
  return toHex(Uint8Array.from(bytes)).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function read<T>(options: readonly RawOption[], code: number, decode: (value: Uint8Array) => T): T | undefined {
  const value = valueOf(options, code)
  return value === undefined ? undefined : attempt(() => decode(value))
}
function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch {
    return undefined
  }
}

/** One property, or none: an absent value is absent, not undefined. */
function present<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>)
}
