import { type Ipv4, ipv4FromNumber, isIpv4 } from '../../net/ipv4.ts'
import { type Mac, tryParseMac } from '../../net/mac.ts'

/** Whom a name means. */
export type NamedMachine =
  | { readonly by: 'mac'; readonly mac: Mac }
  /** The SMBIOS UUID, in lower case. */
  | { readonly by: 'uuid'; readonly uuid: string }
  | { readonly by: 'address'; readonly address: Ipv4 }
  /** All addresses that begin with these bits; `length` is 4 to 28, in steps of 4. */
  | { readonly by: 'network'; readonly address: Ipv4; readonly length: number }
  /** The last eight digits of a Raspberry Pi's serial number, in lower case. */
  | { readonly by: 'serial'; readonly serial: string }
  /** Whoever asks. */
  | { readonly by: 'anyone' }

/** What a loader means by the name of a file. */
export type TftpName =
  /** The configuration of PXELINUX, `pxelinux.cfg/…`, or of GRUB, `grub/grub.cfg…`. */
  | { readonly kind: 'pxelinux' | 'grub'; readonly machine: NamedMachine }
  /** A file in a directory of one machine: `8f3a2b1c/start4.elf`, `dc-a6-32-01-02-03/start4.elf`, `10.0.0.5/vmlinuz`. */
  | { readonly kind: 'own'; readonly machine: NamedMachine; readonly file: string }
  | { readonly kind: 'file'; readonly file: string }

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const SERIAL = /^[0-9a-f]{8}$/i
/** Directories that boot servers are wont to have above everything; some machines are told them by DHCP. */
const ROOTS = new Set(['tftpboot', 'srv', 'tftp', 'var', 'lib'])

/**
 * Says what a loader means by a name, so that nobody has to make a link for each machine. It is a pure reading of the
 * name: whether there is such a machine is another question.
 *
 * * PXELINUX asks for `pxelinux.cfg/UUID`, `pxelinux.cfg/01-MAC`, the address in hex, `C0A8025B`, then with ever fewer
 *   digits, `default`.
 * * GRUB asks for `grub.cfg-UUID`, `grub.cfg-01-MAC`, `grub.cfg-C0A8025B`, then with ever fewer digits, `grub.cfg`.
 * * A Raspberry Pi asks in a directory named for its serial number or its MAC address.
 *
 * Backslashes are slashes, as firmware has it. What leads upwards stays as it is, for who opens the file to refuse.
 */
export function readTftpName(path: string): TftpName {
  const steps = path
    .replaceAll('\\', '/')
    .split('/')
    .filter((step) => step !== '' && step !== '.')
  const file = steps.join('/')
  if (steps.includes('..')) return { kind: 'file', file }
  const [directory = '', name = ''] = steps.slice(-2)
  if (directory === 'pxelinux.cfg') return configOf('pxelinux', name) ?? { kind: 'file', file }
  const grub = /^grub\.cfg(?:-(.+))?$/.exec(steps.at(-1) ?? '')
  if (grub !== null) return configOf('grub', grub[1] ?? 'default') ?? { kind: 'file', file }
  return ownFile(steps) ?? { kind: 'file', file }
}

function configOf(kind: 'pxelinux' | 'grub', name: string): TftpName | undefined {
  const machine = name === 'default' ? ({ by: 'anyone' } as const) : (identified(name) ?? inHex(name))
  return machine === undefined ? undefined : { kind, machine }
}

/** The first directory that is named for a machine, below what stands above all files. */
function ownFile(steps: readonly string[]): TftpName | undefined {
  const first = steps.findIndex((step) => !ROOTS.has(step))
  const name = steps[first] ?? ''
  const file = steps.slice(first + 1).join('/')
  const machine = identified(name) ?? addressed(name) ?? serialised(name)
  return machine === undefined || file === '' ? undefined : { kind: 'own', machine, file }
}

/** `01-aa-bb-cc-dd-ee-ff` (the hardware type of Ethernet before it), `aa-bb-cc-dd-ee-ff`, or a UUID. */
function identified(name: string): NamedMachine | undefined {
  if (UUID.test(name)) return { by: 'uuid', uuid: name.toLowerCase() }
  const mac = name.includes('-') || name.includes(':') ? tryParseMac(name) : undefined
  return mac === undefined ? undefined : { by: 'mac', mac }
}

/** An address in capital hex digits, `C0A8025B`, or the beginning of one. */
function inHex(name: string): NamedMachine | undefined {
  if (!/^[0-9A-F]{1,8}$/i.test(name)) return undefined
  const address = ipv4FromNumber(Number.parseInt(name.padEnd(8, '0'), 16))
  return name.length === 8 ? { by: 'address', address } : { by: 'network', address, length: name.length * 4 }
}

function addressed(name: string): NamedMachine | undefined {
  return isIpv4(name) ? { by: 'address', address: name } : undefined
}

function serialised(name: string): NamedMachine | undefined {
  return SERIAL.test(name) ? { by: 'serial', serial: name.toLowerCase() } : undefined
}
