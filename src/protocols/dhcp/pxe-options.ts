import { type Ipv4, ipv4FromBytes, ipv4ToBytes } from '../../net/ipv4.ts'
import type { ByteReader } from '../../wire/reader.ts'
import { codec } from './option-codecs.ts'
import { option, rawOption, readOption } from './options.ts'
import type { RawOptions } from './packet.ts'

/*
 * What stands in option 43 between a PXE server and firmware: Intel's Preboot Execution Environment (PXE)
 * Specification 2.1, table 2-1 "PXE DHCP options", and §2.2.4 on the discovery of boot servers.
 */

/** Bits of PXE_DISCOVERY_CONTROL (6). */
export const DISCOVERY = {
  noBroadcast: 1,
  noMulticast: 2,
  /** Only the servers of PXE_BOOT_SERVERS are asked, and listened to. */
  listedServersOnly: 4,
  /** Fetch the boot file of this answer: no prompt, no menu, no discovery. */
  useBootFile: 8,
} as const

/** A type of boot server, and where servers of that type are. Types from 0x8000 are free for vendors; 0 is the disk. */
export interface PxeBootServers {
  readonly type: number
  readonly addresses: readonly Ipv4[]
}
/** A line of the menu; who takes it asks a server of that type. */
export interface PxeMenuLine {
  readonly type: number
  readonly label: string
}
/** What firmware shows until a key (F8, or Control-N) opens the menu. */
export interface PxePrompt {
  /** Until the first line is taken: 0 takes it at once, 255 never does. */
  readonly seconds: number
  readonly text: string
}
/** The choice: of which type, and which of its layers; 0 is the first file of a boot. */
export interface PxeBootItem {
  readonly type: number
  readonly layer: number
}

const bootServers = codec<readonly PxeBootServers[]>(
  8,
  'PXE boot servers',
  (r) => readAll(r, () => ({ type: r.u16('type'), addresses: readAddresses(r) })),
  (w, value) => {
    for (const { type, addresses } of value) {
      w.u16(type).u8(addresses.length)
      for (const address of addresses) w.bytes(ipv4ToBytes(address))
    }
  },
)

const bootMenu = codec<readonly PxeMenuLine[]>(
  9,
  'PXE boot menu',
  (r) => readAll(r, () => ({ type: r.u16('type'), label: textOf(r.bytes(r.u8('length of the label'), 'label')) })),
  (w, value) => {
    for (const { type, label } of value) {
      const bytes = cut(label, LONGEST_LABEL)
      w.u16(type).u8(bytes.byteLength).bytes(bytes)
    }
  },
)

const menuPrompt = codec<PxePrompt>(
  10,
  'PXE menu prompt',
  (r) => ({ seconds: r.u8('timeout'), text: textOf(r.rest()) }),
  (w, { seconds, text }) => w.u8(seconds).bytes(cut(text, LONGEST_LABEL)),
)

const bootItem = codec<PxeBootItem>(
  71,
  'PXE boot item',
  (r) => ({ type: r.u16('type'), layer: r.u16('layer') }),
  (w, { type, layer }) => w.u16(type).u16(layer),
)

/** Options inside option 43, RFC 2132 where firmware calls itself PXEClient. */
export const pxe = {
  discoveryControl: codec<number>(
    6,
    'PXE discovery control',
    (r) => r.u8('control'),
    (w, value) => w.u8(value),
  ),
  /** Where discovery by multicast goes to. */
  multicastAddress: codec<Ipv4>(
    7,
    'PXE discovery multicast address',
    (r) => ipv4FromBytes(r.bytes(4, 'address')),
    (w, value) => w.bytes(ipv4ToBytes(value)),
  ),
  bootServers,
  bootMenu,
  menuPrompt,
  bootItem,
} as const

/** Firmware shows 70 columns, whatever it is sent (edk2's PxeBcDisplayBootItem). */
const LONGEST_LABEL = 70
/** The longest time before the first line is taken; one more would be "wait for ever". */
const LONGEST_WAIT_SECONDS = 254
/** Where the types that are free for vendors begin. */
const FIRST_TYPE = 0x8000
/** Type 0: no server is asked, the machine starts from its own disk. */
const LOCAL_TYPE = 0

/** A menu that firmware itself shows. */
export interface PxeMenu {
  readonly seconds: number
  /** `name` is for the story of the boot. */
  readonly entries: readonly { readonly name: string; readonly label: string; readonly isLocal: boolean }[]
}

/** Option 43 for a menu all of whose entries are on one server: it alone is asked, by unicast to its port 4011. */
export function menuOptions({ seconds, entries }: PxeMenu, server: Ipv4): RawOptions {
  const lines = entries.map(({ label, isLocal }, index) => ({ type: isLocal ? LOCAL_TYPE : FIRST_TYPE + index, label }))
  const remote = lines.filter(({ type }) => type !== LOCAL_TYPE)
  const prompt = { seconds: Math.min(Math.ceil(seconds), LONGEST_WAIT_SECONDS), text: PROMPT }
  const control = DISCOVERY.noBroadcast | DISCOVERY.noMulticast | DISCOVERY.listedServersOnly
  return new Map([
    rawOption(pxe.discoveryControl, control),
    rawOption(
      pxe.bootServers,
      remote.map(({ type }) => ({ type, addresses: [server] })),
    ),
    rawOption(pxe.bootMenu, lines),
    rawOption(pxe.menuPrompt, prompt),
  ])
}

const PROMPT = 'Press F8 for the menu'

/** The entry of a menu that a boot item means, by its number; undefined for one that no menu of ours holds. */
export function entryOf({ type }: PxeBootItem): number | undefined {
  return type >= FIRST_TYPE && type < 0xffff ? type - FIRST_TYPE : undefined
}

/** What was taken in a menu, in option 43 of a request to port 4011; undefined for a request without a choice. */
export function bootItemIn(options: RawOptions): PxeBootItem | undefined {
  const inner = readOption(options, option.vendorSpecific)
  return inner === undefined ? undefined : readOption(inner, pxe.bootItem)
}

/** Option 43 of the answer: what was taken, as it came; firmware waits for nothing else. */
export function bootItemOptions(item: PxeBootItem): RawOptions {
  return new Map([rawOption(pxe.bootItem, item)])
}

function readAddresses(r: ByteReader): Ipv4[] {
  return Array.from({ length: r.u8('number of addresses') }, () => ipv4FromBytes(r.bytes(4, 'address')))
}

function readAll<T>(r: ByteReader, read: () => T): T[] {
  const values = [read()]
  while (r.remaining > 0) values.push(read())
  return values
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const cut = (text: string, length: number): Uint8Array => Buffer.from(text.slice(0, length), 'latin1')
