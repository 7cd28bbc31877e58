import { lookup } from 'node:dns/promises'
import { isIpv4, type Ipv4 } from '../net/ipv4.ts'
import { UsageError } from './failure.ts'

/**
 * The address of `--next-server`. DHCP's field holds an address (siaddr, RFC 2131 §2), so a name is looked up once, when
 * the server starts, as this host looks up names.
 *
 * @throws {UsageError} if it is no name, or one without an IPv4 address
 */
export async function nextServerAddress(text: string): Promise<Ipv4> {
  if (isIpv4(text)) return text
  const wanted = 'want an IPv4 address, or a name that this host can look up'
  if (!/^[a-z\d_]([a-z\d_.-]*[a-z\d_.])?$/i.test(text) || /^[\d.]+$/.test(text)) {
    throw new UsageError(`Cannot use next-server "${text}", ${wanted}`)
  }
  try {
    return (await lookup(text, { family: 4 })).address
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new UsageError(`Cannot use next-server "${text}": this host finds no IPv4 address of it (${code}), ${wanted}`)
  }
}
