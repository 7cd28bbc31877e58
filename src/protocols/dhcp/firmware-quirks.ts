import type { DhcpClient } from './client.ts'
import { IPXE } from './options.ts'
import type { RawOptions } from './packet.ts'
import { DISCOVERY } from './pxe-options.ts'

/*
 * What firmware wants beyond the specifications, or reads in another way than they say: one row each, with the address
 * of the source. Rows further down win. What every client is sent anyway needs no row: it stands in docs/firmware.md.
 */

/** Whom a row is about; all that is said must hold. */
export interface FirmwareMatch {
  /** By its vendor class. iPXE, which calls itself PXEClient too, is `ipxe`. */
  readonly kind: 'pxe' | 'http' | 'ipxe'
  /** Beginnings of MAC addresses. */
  readonly macPrefixes?: readonly string[]
  /** Option 93; 0 also where it is not sent. */
  readonly architectures?: readonly number[]
}

/** What its answers have, or have otherwise. */
export interface QuirkEffects {
  /** Option 60. */
  readonly vendorClass?: string
  /** Option 43. */
  readonly vendorOptions?: RawOptions
  /** Option 175. */
  readonly ipxeOptions?: RawOptions
  /** Option 67 ends with a NUL byte. */
  readonly endsBootFile?: true
}

export interface Quirk {
  /** For people. */
  readonly about: string
  readonly when: FirmwareMatch
  readonly effects: QuirkEffects
  /** Where it is told. */
  readonly source: string
}

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const PI_MENU = 'Raspberry Pi Boot'

/** Raspberry Pi 4: its ROM is a small PXE client that calls itself a BIOS, or by the number of the registry. */
export const RASPBERRY_PI: FirmwareMatch = {
  kind: 'pxe',
  macPrefixes: ['28:cd:c1', '2c:cf:67', '88:a2:9e', 'b8:27:eb', 'd8:3a:dd', 'dc:a6:32', 'e4:5f:01'],
  architectures: [0, 41],
}

export const QUIRKS: readonly Quirk[] = [
  {
    about: 'PXE takes no offer that does not call itself PXEClient too',
    when: { kind: 'pxe' },
    effects: { vendorClass: 'PXEClient' },
    source: 'http://docs.smoe.org/misc/pxe-2.1-spec.pdf',
  },
  {
    about: 'without discovery control, edk2 asks port 4011 again although it was told a boot file',
    when: { kind: 'pxe' },
    effects: { vendorOptions: new Map([[6, Uint8Array.of(DISCOVERY.useBootFile)]]) },
    source: 'https://github.com/tianocore/edk2/issues/8149',
  },
  {
    about: 'old Intel ROMs, and UEFI built on them, read option 67 up to a NUL and ask for "undionly.kpxe\\xff"',
    when: { kind: 'pxe' },
    effects: { endsBootFile: true },
    source: 'http://lists.thekelleys.org.uk/pipermail/dnsmasq-discuss/2006q1/000592.html',
  },
  {
    about: 'UEFI HTTP boot takes no offer that does not call itself HTTPClient too',
    when: { kind: 'http' },
    effects: { vendorClass: 'HTTPClient' },
    source: 'https://github.com/xcat2/xcat-core/issues/7743',
  },
  {
    about: 'iPXE waits for a proxyDHCP server, for seconds, unless it is told that none comes',
    when: { kind: 'ipxe' },
    effects: { ipxeOptions: new Map([[IPXE.noProxyDhcp, Uint8Array.of(1)]]) },
    source: 'https://ipxe.org/howto/dhcpd',
  },
  {
    about:
      'iPXE takes an offer without an address, and of two the one with a boot file, where it calls itself PXEClient',
    when: { kind: 'ipxe' },
    effects: { vendorClass: 'PXEClient' },
    source: 'https://github.com/warewulf/warewulf3/pull/137',
  },
  {
    about: 'the ROM of a Raspberry Pi 4 takes no offer without a PXE menu of one line with this text',
    when: RASPBERRY_PI,
    effects: {
      vendorOptions: new Map([
        [6, Uint8Array.of(DISCOVERY.noBroadcast | DISCOVERY.noMulticast)],
        [10, Buffer.concat([Uint8Array.of(0), latin1('PXE')])],
        [9, Buffer.concat([Uint8Array.of(0, 0, PI_MENU.length), latin1(PI_MENU)])],
      ]),
    },
    source: 'https://github.com/raspberrypi/rpi-eeprom/issues/103',
  },
]

type Firmware = Pick<DhcpClient, 'mac' | 'architecture' | 'firmware' | 'isIpxe'>

/** What the answers to this machine have because of its firmware; nothing for a running system. */
export function effectsFor(client: Firmware): QuirkEffects {
  if (client.firmware === 'none' && !client.isIpxe) return NOTHING
  return Object.assign({}, ...QUIRKS.filter(({ when }) => isFirmware(client, when)).map(({ effects }) => effects))
}

const NOTHING: QuirkEffects = {}

/** Is it firmware of that kind? */
export function isFirmware(
  { mac, architecture = 0, firmware, isIpxe }: Firmware,
  { kind, macPrefixes, architectures }: FirmwareMatch,
): boolean {
  return (
    (isIpxe ? 'ipxe' : firmware) === kind &&
    (macPrefixes?.some((prefix) => mac.startsWith(prefix)) ?? true) &&
    (architectures?.includes(architecture) ?? true)
  )
}
