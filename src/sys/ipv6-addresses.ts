import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cidr6, ipv6FromBytes } from '../net/ipv6.ts'

const TABLE = '/proc/net/if_inet6'
const SCOPE_LINK = 0x20
/** Flags: on trial, and found to be another host's (duplicate address detection, RFC 4862 §5.4). */
const [TENTATIVE, FAILED] = [0x40, 0x08]
const TRIES = 30
const TRY_MS = 100

/** The IPv6 addresses of an interface with their networks, those of the link alone left out; none without IPv6. */
export async function listIpv6(name: string): Promise<Cidr6[]> {
  return parseIfInet6(await readFile(TABLE, 'utf8').catch(() => ''), name).map(({ cidr }) => cidr)
}

/** The same once none of them is on trial, but for three seconds at most: until then nobody can be served there. */
export async function settledIpv6(name: string): Promise<Cidr6[]> {
  for (let tries = TRIES; tries > 0; tries -= 1) {
    const rows = parseIfInet6(await readFile(TABLE, 'utf8').catch(() => ''), name)
    if (rows.every(({ isTentative }) => !isTentative)) break
    await sleep(TRY_MS)
  }
  return listIpv6(name)
}

/** Reads /proc/net/if_inet6: address, number of the interface, prefix, scope, flags in hexadecimal, name. */
export function parseIfInet6(text: string, name: string): { readonly cidr: Cidr6; readonly isTentative: boolean }[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', , prefix = '', scope = '', flags = '', owner] = line.trim().split(/\s+/)
    if (owner !== name || Number.parseInt(scope, 16) === SCOPE_LINK) return []
    const bits = Number.parseInt(flags, 16)
    const cidr = { address: ipv6FromBytes(Buffer.from(address, 'hex')), prefix: Number.parseInt(prefix, 16) }
    return [{ cidr, isTentative: (bits & TENTATIVE) !== 0 && (bits & FAILED) === 0 }]
  })
}
