import { chooseLoader, type LoaderKind } from '../boot/loaders/select.ts'
import type { ServerAddresses } from '../boot/server-addresses.ts'
import { clientOf, effectiveProfile, hostNameOf } from '../config/effective.ts'
import type { Config } from '../config/schema.ts'
import type { AnswerClient, DhcpAnswer } from '../protocols/dhcp/answer.ts'
import type { DhcpClient } from '../protocols/dhcp/client.ts'
import { IPXE } from '../protocols/dhcp/options.ts'

/** What every machine is told, and what only this one: the policy behind the DHCP server. */
export function dhcpAnswers(config: Config, server: ServerAddresses, prefix: number): AnswerClient {
  return (client) => {
    const named = clientOf(config, client.mac)
    const profile = effectiveProfile(config, named)
    if (profile === undefined) return undefined // netroot.yaml: unknown: ignore
    const hostName = hostNameOf(client.mac, profile, named)
    return {
      ...networkAnswer(config, prefix),
      ...(hostName === '' ? {} : { hostName }),
      ...bootAnswer(client, server, profile.loader),
    }
  }
}

function networkAnswer(config: Config, prefix: number): DhcpAnswer {
  const { router, dns, ntp, domain } = config
  return {
    prefix,
    leaseSeconds: config.lease,
    ...(router === undefined ? {} : { routers: [router] }),
    ...(dns.length === 0 ? {} : { nameServers: dns }),
    ...(ntp.length === 0 ? {} : { ntpServers: ntp }),
    ...(domain === undefined ? {} : { domainName: domain, domainSearch: [domain] }),
  }
}

/** Only firmware and loaders are told what to fetch: a running system has no use for it. */
function bootAnswer(
  client: DhcpClient,
  server: ServerAddresses,
  loader: LoaderKind | undefined,
): Pick<DhcpAnswer, 'nextServer' | 'bootFile'> {
  if (client.firmware === 'none' && !client.isIpxe) return {}
  const choice = chooseLoader(
    {
      architecture: client.architecture,
      vendorClass: client.vendorClass ?? '',
      isIpxe: client.isIpxe,
      ipxeHasHttp: client.ipxeFeatures.has(IPXE.http),
    },
    server,
    loader,
  )
  return 'bootFile' in choice ? { nextServer: server.address, bootFile: choice.bootFile } : {}
}
