import type { Ipv4 } from '../net/ipv4.ts'

/** Where a machine finds this server's services. */
export interface ServerAddresses {
  readonly address: Ipv4
  readonly httpPort: number
  readonly nfsPort: number
  /** UDP; undefined where no syslog is taken. */
  readonly syslogPort?: number
}

/** `http://10.0.0.1`, with the port where it is not 80. */
export function httpBase({ address, httpPort }: ServerAddresses): string {
  return httpPort === 80 ? `http://${address}` : `http://${address}:${httpPort}`
}
