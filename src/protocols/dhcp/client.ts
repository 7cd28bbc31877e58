import type { Ipv4 } from '../../net/ipv4.ts'
import { type Mac, macFromBytes } from '../../net/mac.ts'
import { toHex } from '../../wire/hex.ts'
import { linkOf } from './link.ts'
import { IPXE, option, readOption } from './options.ts'
import type { DhcpMessage, RawOptions } from './packet.ts'

/** A PCI card by its numbers, as iPXE tells them. */
export interface BusId {
  readonly vendor: number
  readonly device: number
}

/** What a machine says of itself in a DHCP message. Malformed options count as not sent. */
export interface DhcpClient {
  readonly mac: Mac
  /** SMBIOS UUID, from option 97. */
  readonly uuid?: string
  /** Client identifier in hexadecimal, from option 61. Firmware, initramfs and system each send another. */
  readonly clientId?: string
  /** The host name it asks for. */
  readonly hostName?: string
  /** Kind of firmware, from option 93: 0 is BIOS, 7 and 9 UEFI x64, 16 UEFI x64 over HTTP. The first of them. */
  readonly architecture?: number
  /** All of option 93. */
  readonly architectures: readonly number[]
  /** `PXEClient:Arch:00007:UNDI:003016`, `HTTPClient:…`, `udhcp 1.35.0`. */
  readonly vendorClass?: string
  readonly userClasses: readonly string[]
  /** What kind of program asks, by its vendor class. iPXE calls itself PXEClient too. */
  readonly firmware: 'pxe' | 'http' | 'none'
  readonly isIpxe: boolean
  /** Suboptions of 175 that are features, by number (`IPXE.http` …). Empty if it is not iPXE. */
  readonly ipxeFeatures: ReadonlySet<number>
  /** The network card it boots from; only iPXE tells it. */
  readonly busId?: BusId
  /** Codes of the options it asks for, from option 55. */
  readonly requestedOptions: readonly number[]
  /** Address of the relay that passed the message on. */
  readonly relay?: Ipv4
  /** An address of the network it is in, where the relay or the machine says so. */
  readonly link?: Ipv4
}

const BUS_PCI = 1
const NO_ADDRESS = '0.0.0.0'

/** The view of a message that policy decides by. */
export function describeClient(message: DhcpMessage): DhcpClient {
  const { options } = message
  const architectures = readOption(options, option.architectures) ?? []
  const ipxe = readOption(options, option.ipxe)
  const vendorClass = readOption(options, option.vendorClass)
  const userClasses = readOption(options, option.userClass) ?? []
  const clientId = options.get(option.clientIdentifier.code)
  const client: Mutable<DhcpClient> = {
    mac: macFromBytes(message.hardwareAddress),
    architectures,
    userClasses,
    firmware: firmwareOf(vendorClass),
    isIpxe: ipxe !== undefined || userClasses.includes('iPXE'),
    ipxeFeatures: featuresOf(ipxe),
    requestedOptions: readOption(options, option.parameterRequestList) ?? [],
  }
  add(client, 'uuid', readOption(options, option.uuid))
  add(client, 'clientId', clientId === undefined ? undefined : toHex(clientId))
  add(client, 'hostName', readOption(options, option.hostName))
  add(client, 'architecture', architectures[0])
  add(client, 'vendorClass', vendorClass)
  add(client, 'busId', busIdOf(ipxe))
  add(client, 'relay', message.relayAddress === NO_ADDRESS ? undefined : message.relayAddress)
  add(client, 'link', linkOf(message))
  return client
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** An absent value is absent, not undefined. */
function add<K extends keyof DhcpClient>(client: Mutable<DhcpClient>, key: K, value: DhcpClient[K] | undefined): void {
  if (value !== undefined) client[key] = value
}

function firmwareOf(vendorClass = ''): DhcpClient['firmware'] {
  if (vendorClass.startsWith('PXEClient')) return 'pxe'
  return vendorClass.startsWith('HTTPClient') ? 'http' : 'none'
}

/** Suboptions from 16 to 47 with the value 1 are features. */
function featuresOf(ipxe: RawOptions | undefined): ReadonlySet<number> {
  if (ipxe === undefined) return NO_FEATURES
  const codes = [...ipxe].filter(([code, value]) => code >= 16 && code < 48 && value[0] !== 0)
  return new Set(codes.map(([code]) => code))
}

const NO_FEATURES: ReadonlySet<number> = new Set()

function busIdOf(ipxe: RawOptions | undefined): BusId | undefined {
  const bytes = ipxe?.get(IPXE.busId)
  if (bytes?.byteLength !== 5 || bytes[0] !== BUS_PCI) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { vendor: view.getUint16(1), device: view.getUint16(3) }
}
