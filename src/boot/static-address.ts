import { type Cidr, netmaskOf, parseCidr } from '../net/cidr.ts'
import { type Ipv4, isIpv4 } from '../net/ipv4.ts'

/** The address that a machine has where nobody gives addresses. */
export interface StaticAddress {
  readonly address: Cidr
  readonly router?: Ipv4
}

/** As a machine that started from a medium says it to the server: `10.0.0.7/24`, `10.0.0.7/24,10.0.0.1`. */
export function staticAddressText({ address, router }: StaticAddress): string {
  const own = `${address.address}/${address.prefix}`
  return router === undefined ? own : `${own},${router}`
}

/** Reads that again; undefined for anything else. */
export function tryParseStaticAddress(text: string): StaticAddress | undefined {
  const [own = '', router, ...more] = text.split(',')
  if (more.length > 0 || (router !== undefined && !isIpv4(router))) return undefined
  try {
    return { address: parseCidr(own), ...(router === undefined ? {} : { router }) }
  } catch {
    return undefined
  }
}

/** The same for the kernel's command line; BOOTIF names the card. */
export function staticIpWord({ address, router = '' }: StaticAddress): string {
  return `ip=${address.address}::${router}:${netmaskOf(address)}:::none`
}
