import { chooseLoader, type LoaderKind } from '../boot/loaders/select.ts'
import { type ServerAddresses, urlHost } from '../boot/server-addresses.ts'
import { clientOf } from '../config/effective.ts'
import type { Config } from '../config/schema.ts'
import { startOf } from '../config/start.ts'
import { contains6 } from '../net/ipv6.ts'
import { type Mac, tryParseMac } from '../net/mac.ts'
import type { Dhcp6Client } from '../protocols/dhcp6/client.ts'
import type { AnswerClient6, Dhcp6Answer } from '../protocols/dhcp6/exchange.ts'
import { learnedLoader } from './dhcp-answers.ts'
import type { Ipv6Network } from './ipv6-networks.ts'

/**
 * What a machine is told that asks by DHCPv6: the same choice of loaders as for DHCPv4, as URLs.
 *
 * @param server where machines that ask it find the other services
 * @param refusesIpxe does a machine start no loader that is not signed?
 */
export function dhcp6Answers(
  config: Config,
  server: ServerAddresses,
  networks: readonly Ipv6Network[],
  refusesIpxe: (mac: Mac) => boolean = () => false,
): AnswerClient6 {
  return (client, { key, link }) => {
    const network = networks.find((one) => contains6(one.network, link))
    const mac = tryParseMac(key)
    const start = startOf(config, mac === undefined ? undefined : clientOf(config, mac))
    if (network === undefined || start === undefined) return undefined // netroot.yaml: unknown: ignore
    const learned = mac === undefined ? undefined : learnedLoader({ ...client, mac }, refusesIpxe)
    return { ...networkAnswer(network), ...bootAnswer(client, server, start.loader ?? learned) }
  }
}

function networkAnswer({ lease, dns, ntp, domain }: Ipv6Network): Dhcp6Answer {
  return {
    leaseSeconds: lease,
    nameServers: dns,
    ntpServers: ntp,
    ...(domain === undefined ? {} : { domainSearch: [domain] }),
  }
}

/** Only firmware and loaders are told what to fetch. RFC 5970 §3.1: a boot file is a URL, for TFTP too. */
function bootAnswer(
  client: Dhcp6Client,
  server: ServerAddresses,
  loader: LoaderKind | undefined,
): Pick<Dhcp6Answer, 'bootFile'> {
  if (client.firmware === 'none' && !client.isIpxe) return {}
  const { architecture, isIpxe, vendorClass } = client
  // every iPXE that speaks IPv6 speaks HTTP
  const asked = { architecture, isIpxe, ipxeHasHttp: isIpxe, vendorClass: vendorClass?.text ?? '' }
  const choice = chooseLoader(asked, server, loader)
  if (!('bootFile' in choice)) return {}
  const isUrl = choice.bootFile.includes('://')
  return { bootFile: isUrl ? choice.bootFile : `tftp://${urlHost(server.address)}/${choice.bootFile}` }
}
