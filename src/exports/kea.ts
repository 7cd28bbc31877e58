import { contains, networkOf } from '../net/cidr.ts'
import type { Export } from './drop-in.ts'
import { bootRules, type DhcpExport, type FurtherNetwork } from './request.ts'

/**
 * A configuration of kea-dhcp4; with `bootOnly` only the list of client classes, for Kea's
 * `"client-classes": <?include "FILE"?>`.
 */
export function keaExport(request: DhcpExport): Export {
  const value = request.bootOnly ? allClasses(request) : { Dhcp4: wholeServer(request) }
  return { daemon: 'kea', comment: '//', body: `${JSON.stringify(value, undefined, 2)}\n` }
}

function wholeServer(request: DhcpExport) {
  const { config, server, more } = request
  const interfaces = [config.interface, ...more.flatMap((one) => one.interface ?? [])]
  return {
    // an interface without a link has no socket: Kea would look once, and serve nobody when the link comes
    'interfaces-config': { interfaces, 'service-sockets-max-retries': 1_000_000 },
    'lease-database': { type: 'memfile', persist: true },
    'valid-lifetime': config.lease,
    authoritative: true,
    // dhcp4: without it one machine would be another to Kea in each stage of its boot, and get another address
    'match-client-id': false,
    'next-server': server.address,
    'client-classes': allClasses(request),
    'host-reservation-identifiers': ['hw-address'],
    subnet4: [request, ...more].map((one, index) => subnet(one, index + 1)),
  }
}

function subnet(request: FurtherNetwork, id: number) {
  const { config, network } = request
  const pool = `${config.range.first} - ${config.range.last}`
  return {
    id,
    subnet: `${networkOf(network)}/${network.prefix}`,
    'valid-lifetime': config.lease,
    pools: [{ pool, ...(config.unknown === 'ignore' ? { 'client-class': 'KNOWN' } : {}) }],
    'option-data': networkOptions(request),
    reservations: reservations(request),
  }
}

function networkOptions({ config }: FurtherNetwork) {
  const option = (name: string, values: readonly string[]) =>
    values.length === 0 ? [] : [{ name, data: values.join(', ') }]
  return [
    ...option('routers', config.router === undefined ? [] : [config.router]),
    ...option('domain-name-servers', config.dns),
    ...option('ntp-servers', config.ntp),
    ...option('domain-name', config.domain === undefined ? [] : [config.domain]),
  ]
}

/** A client is known in every network, and has its address where that belongs. */
function reservations({ config, network }: FurtherNetwork) {
  return Object.entries(config.clients).map(([name, { mac, address, hostname }]) => ({
    'hw-address': mac,
    hostname: hostname ?? name,
    ...(address === undefined || !contains(network, address) ? {} : { 'ip-address': address }),
  }))
}

/** Kea takes the boot file of the first class that applies: those of one interface come before those of all. */
function allClasses(request: DhcpExport) {
  return [...request.more.filter((one) => one.interface !== undefined), request].flatMap(classes)
}

/** They exclude each other. */
function classes({ server, interface: name }: FurtherNetwork) {
  const { script, loaders } = bootRules(server)
  const suffix = name === undefined ? '' : `-${name}`
  const there = name === undefined ? '' : ` and pkt.iface == '${name}'`
  const ipxe = { name: `netroot-ipxe${suffix}`, test: `substring(option[77].hex,0,4) == 'iPXE'${there}` }
  return [
    { ...ipxe, 'next-server': server.address, 'boot-file-name': script },
    ...loaders.map(({ architectures, firmware, bootFile }) => ({
      name: `netroot-arch${architectures[0]}${suffix}`,
      test: `not member('${ipxe.name}') and (${architectures.map(isArchitecture).join(' or ')})${there}`,
      'next-server': server.address,
      'boot-file-name': bootFile,
      ...(firmware === 'http' ? { 'option-data': [{ name: 'vendor-class-identifier', data: 'HTTPClient' }] } : {}),
    })),
  ]
}

function isArchitecture(architecture: number): string {
  return `option[93].hex == 0x${architecture.toString(16).padStart(4, '0')}`
}
