import { netmaskOf, networkOf } from '../net/cidr.ts'
import type { Export } from './drop-in.ts'
import { bootRules, type DhcpExport, type FurtherNetwork } from './request.ts'

export interface DnsmasqExport extends DhcpExport {
  /** Directory with the loaders that dnsmasq is to serve over TFTP; without it netroot or another serves them. */
  readonly tftpRoot?: string
  /** Another server gives the addresses; dnsmasq only says what to boot. */
  readonly proxy: boolean
}

/** A file for /etc/dnsmasq.d, dnsmasq(8). */
export function dnsmasqExport(request: DnsmasqExport): Export {
  const sections = [
    rangeLines(request),
    ...furtherRanges(request),
    hostLines(request),
    bootLines(request),
    ...furtherBoots(request),
    tftpLines(request),
  ]
  const body = sections.filter((lines) => lines.length > 0).map((lines) => `${lines.join('\n')}\n`)
  return { daemon: 'dnsmasq', comment: '#', body: body.join('\n') }
}

function rangeLines({ config, network, bootOnly, proxy }: DnsmasqExport): string[] {
  if (proxy) return [`dhcp-range=${networkOf(network)},proxy,${netmaskOf(network)}`]
  if (bootOnly) return []
  const [first, last] = [config.range.first, config.range.last]
  const option = (name: string, values: readonly string[]): string[] =>
    values.length === 0 ? [] : [`dhcp-option=option:${name},${values.join(',')}`]
  return [
    `interface=${config.interface}`,
    'bind-dynamic',
    `dhcp-range=${first},${last},${netmaskOf(network)},${config.lease}`,
    'dhcp-authoritative',
    // an empty value is dnsmasq's way to say nothing; without it dnsmasq names itself
    ...(config.router === undefined ? ['dhcp-option=option:router'] : option('router', [config.router])),
    ...(config.dns.length === 0 ? ['dhcp-option=option:dns-server'] : option('dns-server', config.dns)),
    ...option('ntp-server', config.ntp),
    ...(config.domain === undefined ? [] : [`domain=${config.domain}`]),
  ]
}

/** `networks:`: what dnsmasq says in one of them is known by the tag of its range. */
function furtherRanges({ more, bootOnly, proxy }: DnsmasqExport): string[][] {
  if (proxy && more.length > 0)
    return [['# networks: is left out; as a proxy dnsmasq speaks for the first network alone']]
  return bootOnly || proxy ? [] : more.map((one, index) => furtherRange(one, tagOf(index)))
}

function furtherRange({ config, network, interface: name }: FurtherNetwork, tag: string): string[] {
  const { range, router, dns, ntp, domain, lease } = config
  // an empty value is dnsmasq's way to say nothing
  const option = (what: string, values: readonly string[]): string =>
    [`dhcp-option=tag:${tag}`, `option:${what}`, ...values].join(',')
  return [
    ...(name === undefined ? [] : [`interface=${name}`]),
    `dhcp-range=set:${tag},${range.first},${range.last},${netmaskOf(network)},${lease}`,
    option('router', router === undefined ? [] : [router]),
    option('dns-server', dns),
    ...(ntp.length === 0 ? [] : [option('ntp-server', ntp)]),
    ...(domain === undefined ? [] : [`domain=${domain},${networkOf(network)}/${network.prefix}`]),
  ]
}

/** Where machines find the server at another address: these come last, and with one tag more, so that they win. */
function furtherBoots({ more, bootOnly, proxy }: DnsmasqExport): string[][] {
  if (bootOnly || proxy) return []
  return more.flatMap(({ server, interface: name }, index) => {
    if (name === undefined) return []
    const { script, loaders } = bootRules(server)
    const tag = `tag:${tagOf(index)}`
    return [
      [
        `dhcp-boot=${tag},tag:netroot-ipxe,${script},,${server.address}`,
        ...loaders.map(
          ({ architectures: [first], bootFile }) =>
            `dhcp-boot=${tag},tag:netroot-arch${first},tag:!netroot-ipxe,${bootFile},,${server.address}`,
        ),
      ],
    ]
  })
}

function tagOf(index: number): string {
  return `netroot-network${index + 2}`
}

function hostLines({ config, bootOnly, proxy }: DnsmasqExport): string[] {
  const hosts = Object.entries(config.clients).map(([name, { mac, address, hostname }]) =>
    [`dhcp-host=${mac}`, 'set:netroot-named', ...(address === undefined ? [] : [address]), hostname ?? name].join(','),
  )
  const ignored = config.unknown === 'ignore' ? ['dhcp-ignore=tag:!netroot-named'] : []
  return proxy ? ignored : [...(bootOnly ? [] : hosts), ...(bootOnly ? [] : ignored)]
}

/** dnsmasq lets a longer list of tags win, so that one line each suffices. */
function bootLines({ server, proxy }: DnsmasqExport): string[] {
  const { script, loaders } = bootRules(server)
  const rules = loaders.flatMap(({ architectures, firmware, bootFile }) => {
    const tag = `netroot-arch${architectures[0]}`
    return [
      ...architectures.map((architecture) => `dhcp-match=set:${tag},option:client-arch,${architecture}`),
      ...(firmware === 'http' ? [`dhcp-option-force=tag:${tag},tag:!netroot-ipxe,60,HTTPClient`] : []),
      `dhcp-boot=tag:${tag},tag:!netroot-ipxe,${bootFile},,${server.address}`,
    ]
  })
  return [
    'dhcp-userclass=set:netroot-ipxe,iPXE',
    `dhcp-boot=tag:netroot-ipxe,${script},,${server.address}`,
    ...rules,
    ...(proxy ? proxyServices(loaders, server.address) : []),
  ]
}

/** Names of architectures that `pxe-service` knows; the rest go by number. */
const SERVICE_NAMES: Readonly<Record<number, string>> = { 0: 'x86PC', 6: 'IA32_EFI', 7: 'BC_EFI', 9: 'X86-64_EFI' }

/** As a proxy, dnsmasq speaks PXE's own menu protocol to firmware, and only what stands in it is booted. */
function proxyServices(loaders: ReturnType<typeof bootRules>['loaders'], address: string): string[] {
  return loaders
    .filter(({ firmware }) => firmware === 'pxe')
    .flatMap(({ architectures, bootFile }) =>
      architectures.map((architecture) => {
        const name = SERVICE_NAMES[architecture] ?? String(architecture)
        return `pxe-service=tag:!netroot-ipxe,${name},netroot,${bootFile},${address}`
      }),
    )
}

function tftpLines({ tftpRoot }: DnsmasqExport): string[] {
  return tftpRoot === undefined ? [] : ['enable-tftp', `tftp-root=${tftpRoot}`]
}
