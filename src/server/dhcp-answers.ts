import { isRaspberryPi, PI_BOOT_FILE } from '../boot/loaders/raspberry-pi.ts'
import { chooseLoader, type LoaderKind, SIGNED_ARCHITECTURES } from '../boot/loaders/select.ts'
import type { ServerAddresses } from '../boot/server-addresses.ts'
import { classOf, configOfClass } from '../config/classes.ts'
import { clientOf, hostNameOf } from '../config/effective.ts'
import type { Config } from '../config/schema.ts'
import { startOf } from '../config/start.ts'
import { contains } from '../net/cidr.ts'
import type { Mac } from '../net/mac.ts'
import type { AnswerClient, DhcpAnswer } from '../protocols/dhcp/answer.ts'
import type { DhcpClient } from '../protocols/dhcp/client.ts'
import { IPXE } from '../protocols/dhcp/options.ts'
import { firmwareMenu, menuOrBoot } from './firmware-menu.ts'
import type { AnsweredNetwork } from './dhcp-networks.ts'

/**
 * What every machine is told, and what only this one: the policy behind the DHCP server.
 *
 * @param server where machines that ask it find the other services
 * @param classInBoot the class that a machine was found to be of earlier in its boot: later stages say less of it
 * @param refusesIpxe does a machine start no loader that is not signed?
 */
export function dhcpAnswers(
  config: Config,
  server: ServerAddresses,
  networks: readonly AnsweredNetwork[],
  refusesIpxe: (mac: Mac) => boolean = () => false,
  classInBoot: (mac: Mac) => string | undefined = () => undefined,
): AnswerClient {
  const smallestFirst = networks.toSorted((a, b) => b.network.prefix - a.network.prefix)
  const configFor = (client: DhcpClient): Config =>
    Object.keys(config.classes).length === 0
      ? config
      : configOfClass(config, classOf(config, client) ?? classInBoot(client.mac))
  return (client, { link, bootItem }) => {
    const network = smallestFirst.find((one) => contains(one.network, link))
    if (network === undefined) return undefined
    const named = clientOf(config, client.mac)
    const start = startOf(named === undefined ? configFor(client) : config, named)
    if (start === undefined) return undefined // netroot.yaml: unknown: ignore
    const hostName = hostNameOf(client.mac, start, named)
    return {
      ...networkAnswer(network),
      ...(hostName === '' ? {} : { hostName }),
      ...menuOrBoot(firmwareMenu(start, client), bootItem, () =>
        bootAnswer(client, server, start.loader ?? learnedLoader(client, refusesIpxe)),
      ),
    }
  }
}

function networkAnswer({ network, settings }: AnsweredNetwork): DhcpAnswer {
  const { router, dns, ntp, domain } = settings
  return {
    prefix: network.prefix,
    leaseSeconds: settings.lease,
    ...(router === undefined ? {} : { routers: [router] }),
    ...(dns.length === 0 ? {} : { nameServers: dns }),
    ...(ntp.length === 0 ? {} : { ntpServers: ntp }),
    ...(domain === undefined ? {} : { domainName: domain, domainSearch: [domain] }),
  }
}

/** UEFI that fetched iPXE and did not start it gets shim and GRUB, which are signed, where no loader is named. */
export function learnedLoader(
  client: Pick<DhcpClient, 'architecture' | 'firmware' | 'isIpxe' | 'mac'>,
  refusesIpxe: (mac: Mac) => boolean,
): 'grub' | undefined {
  const { architecture = 0, firmware, isIpxe, mac } = client
  if (firmware === 'none' || isIpxe || !SIGNED_ARCHITECTURES.has(architecture)) return undefined
  return refusesIpxe(mac) ? 'grub' : undefined
}

/** Only firmware and loaders are told what to fetch: a running system has no use for it. */
function bootAnswer(
  client: DhcpClient,
  server: ServerAddresses,
  loader: LoaderKind | undefined,
): Pick<DhcpAnswer, 'nextServer' | 'bootFile'> {
  if (client.firmware === 'none' && !client.isIpxe) return {}
  if (!client.isIpxe && isRaspberryPi(client)) {
    return { nextServer: server.address, bootFile: PI_BOOT_FILE }
  }
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
