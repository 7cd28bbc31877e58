import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NETROOT = fileURLToPath(new URL('../bin/netroot', import.meta.url))

/** The network of the measurement; the server's interface is called `server`. */
export const SERVER_ADDRESS = '10.7.0.1'
export const PREFIX = 16
const [FIRST, LAST] = ['10.7.1.0', '10.7.250.250']
const LEASE_SECONDS = 4000

/** How one contender is started. None looks whether an address is in use; all keep leases on a disk. */
export interface DhcpContender {
  readonly name: string
  /** Files it needs in its directory, by name. */
  readonly files: Readonly<Record<string, string>>
  readonly command: (directory: string) => readonly string[]
}

const KEA = {
  Dhcp4: {
    'interfaces-config': { interfaces: ['server'] },
    'lease-database': { type: 'memfile', persist: true, name: 'DIRECTORY/leases.csv', 'lfc-interval': 0 },
    'valid-lifetime': LEASE_SECONDS,
    subnet4: [{ id: 1, subnet: `10.7.0.0/${PREFIX}`, pools: [{ pool: `${FIRST} - ${LAST}` }] }],
    loggers: [{ name: 'kea-dhcp4', severity: 'ERROR' }],
  },
}

const DHCPD = `authoritative; ping-check false; default-lease-time ${LEASE_SECONDS}; max-lease-time ${LEASE_SECONDS};
subnet 10.7.0.0 netmask 255.255.0.0 { range ${FIRST} ${LAST}; }
`

const DNSMASQ = [
  '--keep-in-foreground',
  '--port=0',
  '--interface=server',
  '--conf-file=/dev/null',
  '--no-ping',
  '--quiet-dhcp',
  '--user=root',
]

/** netroot and its peers from Debian. */
export const DHCP_CONTENDERS: readonly DhcpContender[] = [
  {
    name: 'netroot',
    files: {},
    command: (directory) => {
      const range = ['--interface', 'server', '--range', `${FIRST}-${LAST}`, '--no-probe', '--quiet']
      return [
        NETROOT,
        'serve',
        'dhcp',
        ...range,
        '--lease',
        `${LEASE_SECONDS}`,
        '--state',
        join(directory, 'leases.db'),
      ]
    },
  },
  {
    name: 'Kea, memfile',
    files: { 'kea.json': JSON.stringify(KEA) },
    command: (directory) => {
      const places = ['PID', 'LOCK'].map((what) => `KEA_${what}FILE_DIR=${directory}`)
      return ['env', ...places, 'kea-dhcp4', '-c', join(directory, 'kea.json')]
    },
  },
  {
    name: 'ISC dhcpd',
    files: { 'dhcpd.conf': DHCPD, 'dhcpd.leases': '' },
    command: (directory) => {
      const files = ['dhcpd.conf', 'dhcpd.leases', 'dhcpd.pid'].map((name) => join(directory, name))
      return [
        'dhcpd',
        '-4',
        '-f',
        '-q',
        ...['-cf', '-lf', '-pf'].flatMap((flag, n) => [flag, files[n] ?? '']),
        'server',
      ]
    },
  },
  {
    name: 'dnsmasq',
    files: {},
    command: (directory) => {
      const range = [`--dhcp-range=${FIRST},${LAST},255.255.0.0,${LEASE_SECONDS}`, '--dhcp-lease-max=100000']
      const leases = `--dhcp-leasefile=${join(directory, 'dnsmasq.leases')}`
      return ['dnsmasq', ...DNSMASQ, ...range, leases]
    },
  },
]
