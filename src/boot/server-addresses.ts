import type { IpAddress } from '../net/ipv6.ts'

/** Where a machine finds this server's services. */
export interface ServerAddresses {
  readonly address: IpAddress
  readonly httpPort: number
  readonly nfsPort: number
  /** UDP; undefined where no syslog is taken. */
  readonly syslogPort?: number
  /** How the initramfs is to get its address, `ip=`, where that is not DHCPv4. */
  readonly ipWord?: 'dhcp6' | 'auto6'
}

/** `http://10.0.0.1`, with the port where it is not 80. */
export function httpBase({ address, httpPort }: ServerAddresses): string {
  return httpPort === 80 ? `http://${urlHost(address)}` : `http://${urlHost(address)}:${httpPort}`
}

/** An address as URLs have it: IPv6 in brackets, RFC 3986 §3.2.2. */
export function urlHost(address: IpAddress): string {
  return address.includes(':') ? `[${address}]` : address
}
