import { netmaskOf, networkOf } from '../net/cidr.ts'
import type { Export } from './drop-in.ts'
import { bootRules, type DhcpExport, type FurtherNetwork } from './request.ts'

/** A file to `include` in ISC's dhcpd.conf, dhcpd.conf(5). */
export function dhcpdExport(request: DhcpExport): Export {
  const { config, bootOnly, more } = request
  const opening = ['option netroot-arch code 93 = unsigned integer 16;', 'allow booting;', 'allow bootp;']
  const subnets = [request, ...more].flatMap(subnetLines)
  const lines = bootOnly ? [...opening, ...bootLines(request)] : [...opening, ...subnets, ...hostLines(request)]
  const unknown = config.unknown === 'ignore' && !bootOnly ? ['deny unknown-clients;'] : []
  return { daemon: 'dhcpd', comment: '#', body: `${[...lines, ...unknown].join('\n')}\n` }
}

function subnetLines(request: FurtherNetwork): string[] {
  const { network } = request
  return [
    `subnet ${networkOf(network)} netmask ${netmaskOf(network)} {`,
    ...indent([...networkLines(request), ...bootLines(request)]),
    '}',
  ]
}

function networkLines({ config }: FurtherNetwork): string[] {
  const option = (name: string, values: readonly string[]): string[] =>
    values.length === 0 ? [] : [`option ${name} ${values.join(', ')};`]
  return [
    `range ${config.range.first} ${config.range.last};`,
    `default-lease-time ${config.lease};`,
    `max-lease-time ${config.lease};`,
    'authoritative;',
    ...option('routers', config.router === undefined ? [] : [config.router]),
    ...option('domain-name-servers', config.dns),
    ...option('ntp-servers', config.ntp),
    ...(config.domain === undefined ? [] : [`option domain-name "${config.domain}";`]),
  ]
}

function bootLines({ server }: FurtherNetwork): string[] {
  const { script, loaders } = bootRules(server)
  const branches = loaders.map(({ architectures, firmware, bootFile }) => {
    const test = architectures.map((architecture) => `option netroot-arch = ${hex16(architecture)}`).join(' or ')
    const words = firmware === 'http' ? ['option vendor-class-identifier "HTTPClient";'] : []
    return [`elsif ${test} {`, ...indent([...words, `filename "${bootFile}";`]), '}']
  })
  const bios = loaders.find(({ architectures }) => architectures.includes(0))
  return [
    `next-server ${server.address};`,
    'if exists user-class and option user-class = "iPXE" {',
    ...indent([`filename "${script}";`]),
    '}',
    ...branches.flat(),
    ...(bios === undefined ? [] : ['else {', ...indent([`filename "${bios.bootFile}";`]), '}']),
  ]
}

function hostLines({ config }: DhcpExport): string[] {
  return Object.entries(config.clients).map(([name, { mac, address, hostname }]) => {
    const fixed = address === undefined ? '' : ` fixed-address ${address};`
    return `host ${name} { hardware ethernet ${mac};${fixed} option host-name "${hostname ?? name}"; }`
  })
}

/** dhcpd compares option 93 with two octets. */
function hex16(value: number): string {
  return `${(value >> 8).toString(16).padStart(2, '0')}:${(value & 0xff).toString(16).padStart(2, '0')}`
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}
