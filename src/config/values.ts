import { z } from 'zod'
import { type Cidr, networkOf, parseCidr } from '../net/cidr.ts'
import { type Ipv4, ipv4ToNumber } from '../net/ipv4.ts'
import { type Cidr6, type Ipv6, networkOf6, parseCidr6, parseIpv6 } from '../net/ipv6.ts'
import { type Mac, parseMac } from '../net/mac.ts'
import { parseRange6 } from '../protocols/dhcp6/network.ts'

/*
 * The leaves of the schema. The message of each is what was wanted; `problems.ts` puts what was found in front of it.
 */

/** A pool of addresses, both ends included. */
export interface AddressRange {
  readonly first: Ipv4
  readonly last: Ipv4
}

/** Text that a function turns into a value or refuses by throwing. */
function read<T>(want: string, parse: (text: string) => T) {
  return z.string({ error: want }).transform((text, context) => {
    try {
      return parse(text)
    } catch {
      context.addIssue({ code: 'custom', message: want })
      return z.NEVER
    }
  })
}

function matching(want: string, pattern: RegExp) {
  return z.string({ error: want }).regex(pattern, { error: want })
}

export const macAddress = read<Mac>('want six octets such as 52:54:00:12:34:56', parseMac)

export const ipv4Address = read<Ipv4>('want four octets such as 192.168.1.10', (text) => {
  ipv4ToNumber(text)
  return text
})

/** The network's own address must be meant: `10.9.0.7/24` is a typing error more often than not. */
export const ipv4Network = read<Cidr>('want a network such as 10.9.0.0/24', (text) => {
  const network = parseCidr(text)
  if (network.address !== networkOf(network)) throw new TypeError('not the first address')
  return network
})

export const ipv6Address = read<Ipv6>('want an IPv6 address such as fd77::1', parseIpv6)

export const ipv6Network = read<Cidr6>('want a network such as fd77::/64', (text) => {
  const network = parseCidr6(text)
  if (network.address !== networkOf6(network)) throw new TypeError('not the first address')
  return network
})

export const ipv6Range = read<AddressRange>(
  'want the first and the last address such as fd77::100-fd77::1ff',
  parseRange6,
)

export const addressRange = read<AddressRange>(
  'want the first and the last address of the pool such as 192.168.1.100-192.168.1.199',
  parseRange,
)

/** `12h`, `30m`, `90s`, `2d` or `infinite`; the value is in seconds. */
export const duration = read<number>('want a time such as 12h, 30m or 2d', parseDuration)

/** 0 takes any free port, for tests. */
export const port = z
  .int({ error: 'want a port from 0 to 65535' })
  .min(0, { error: 'want a port from 0 to 65535' })
  .max(65_535, { error: 'want a port from 0 to 65535' })

export const path = matching('want a path', /^[^\0]+$/)

/** Linux allows 15 bytes and neither blank nor slash. */
export const interfaceName = matching('want the name of a network interface such as eth0', /^[^\s/:]{1,15}$/)

/** One label of a host name, RFC 1123 §2.1. */
export const hostName = matching(
  'want a host name: letters, digits and hyphens, at most 63',
  /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/,
)

/** A host name in which `{mac}` stands for the twelve digits of the MAC address. */
export const hostNamePattern = matching('want a host name such as pc-{mac}', /^(?=.{1,63}$)(?:[A-Za-z0-9-]|\{mac\})*$/)

export const domainName = matching(
  'want a domain such as lab.example',
  /^(?=.{1,253}$)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/,
)

/** Names of profiles and images, as they also appear in paths. */
export const name = matching(
  'want a name: letters, digits, dot, hyphen, underscore',
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
)

const COMMAND_LINE = 'want words of a kernel command line, as one text or as a list'

/** As lsmod shows it, or with hyphens as the file is called. */
export const moduleName = matching('want the name of a kernel module such as md_mod', /^[A-Za-z0-9][\w-]{0,63}$/)

/** One line of an authorized_keys file; options may stand before the type of the key. */
export const publicKey = matching(
  'want a public key such as ssh-ed25519 AAAA… name (the file that ends in .pub)',
  /^(?:[^\r\n]*\s)?(?:ssh-(?:rsa|ed25519)|ecdsa-sha2-nistp(?:256|384|521)|sk-[\w@.-]+)\s+AAAA[\w+/=]+(?:\s[^\r\n]*)?$/,
)

/** `4GiB`, `500MiB`; the value is in bytes. */
export const size = read<number>('want a size such as 4GiB or 500MiB', parseSize)

/** Words of a command line: one text, split at blanks outside double quotes, or a list of words. */
export const commandLine = z
  .union([z.string(), z.array(z.string())], { error: COMMAND_LINE })
  .transform((value) => (typeof value === 'string' ? splitWords(value) : value))
  .refine((words) => words.every((word) => !/[\r\n\0]/.test(word)), { error: COMMAND_LINE })

function parseRange(text: string): AddressRange {
  const [first = '', last = '', more] = text.split('-').map((part) => part.trim())
  if (more !== undefined || ipv4ToNumber(first) > ipv4ToNumber(last)) throw new TypeError('not a range')
  return { first, last }
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const

/** RFC 2131 §3.3: a lease of 0xffffffff seconds never ends. */
const INFINITE_SECONDS = 0xffffffff

function parseDuration(text: string): number {
  if (text === 'infinite') return INFINITE_SECONDS
  const match = /^(\d{1,8})([smhdw])$/.exec(text.trim())
  const unit = match?.[2]
  const seconds = Number(match?.[1]) * (unit === undefined ? Number.NaN : SECONDS[unit as keyof typeof SECONDS])
  if (!(seconds > 0 && seconds < INFINITE_SECONDS)) throw new TypeError('not a duration')
  return seconds
}

const UNITS = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const

function parseSize(text: string): number {
  const match = /^(\d{1,6}) ?([KMGT]iB)$/.exec(text.trim())
  const unit = match?.[2]
  if (unit === undefined) throw new TypeError('not a size')
  return Number(match?.[1]) * UNITS[unit as keyof typeof UNITS]
}

function splitWords(text: string): string[] {
  return text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []
}
