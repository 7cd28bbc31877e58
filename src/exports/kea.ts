import { networkOf } from '../net/cidr.ts'
import type { Export } from './drop-in.ts'
import { bootRules, type DhcpExport } from './request.ts'

/**
 * A configuration of kea-dhcp4; with `bootOnly` only the list of client classes, for Kea's
 * `"client-classes": <?include "FILE"?>`.
 */
export function keaExport(request: DhcpExport): Export {
  const value = request.bootOnly ? classes(request) : { Dhcp4: wholeServer(request) }
  return { daemon: 'kea', comment: '//', body: `${JSON.stringify(value, undefined, 2)}\n` }
}

function wholeServer(request: DhcpExport) {
  const { config, network, server } = request
  const pool = `${config.range.first} - ${config.range.last}`
  return {
    // an interface without a link has no socket: Kea would look once, and serve nobody when the link comes
    'interfaces-config': { interfaces: [config.interface], 'service-sockets-max-retries': 1_000_000 },
    'lease-database': { type: 'memfile', persist: true },
    'valid-lifetime': config.lease,
    authoritative: true,
    // dhcp4: without it one machine would be another to Kea in each stage of its boot, and get another address
    'match-client-id': false,
    'next-server': server.address,
    'client-classes': classes(request),
    'host-reservation-identifiers': ['hw-address'],
    subnet4: [
      {
        id: 1,
        subnet: `${networkOf(network)}/${network.prefix}`,
        pools: [{ pool, ...(config.unknown === 'ignore' ? { 'client-class': 'KNOWN' } : {}) }],
        'option-data': networkOptions(request),
        reservations: reservations(request),
      },
    ],
  }
}

function networkOptions({ config }: DhcpExport) {
  const option = (name: string, values: readonly string[]) =>
    values.length === 0 ? [] : [{ name, data: values.join(', ') }]
  return [
    ...option('routers', config.router === undefined ? [] : [config.router]),
    ...option('domain-name-servers', config.dns),
    ...option('ntp-servers', config.ntp),
    ...option('domain-name', config.domain === undefined ? [] : [config.domain]),
  ]
}

function reservations({ config }: DhcpExport) {
  return Object.entries(config.clients).map(([name, { mac, address, hostname }]) => ({
    'hw-address': mac,
    hostname: hostname ?? name,
    ...(address === undefined ? {} : { 'ip-address': address }),
  }))
}

/** Kea takes the boot file of the first class that applies; the classes exclude each other all the same. */
function classes({ server }: DhcpExport) {
  const { script, loaders } = bootRules(server)
  const ipxe = { name: 'netroot-ipxe', test: "substring(option[77].hex,0,4) == 'iPXE'" }
  return [
    { ...ipxe, 'next-server': server.address, 'boot-file-name': script },
    ...loaders.map(({ architectures, firmware, bootFile }) => ({
      name: `netroot-arch${architectures[0]}`,
      test: `not member('netroot-ipxe') and (${architectures.map(isArchitecture).join(' or ')})`,
      'next-server': server.address,
      'boot-file-name': bootFile,
      ...(firmware === 'http' ? { 'option-data': [{ name: 'vendor-class-identifier', data: 'HTTPClient' }] } : {}),
    })),
  ]
}

function isArchitecture(architecture: number): string {
  return `option[93].hex == 0x${architecture.toString(16).padStart(4, '0')}`
}
