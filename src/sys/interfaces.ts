import { readdir, readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { type Cidr, parseCidr } from '../net/cidr.ts'
import { type Mac, parseMac } from '../net/mac.ts'
import { CommandError, run } from './run.ts'

/** A network interface of this host, with an address or without, up or down. */
export interface NetworkInterface {
  readonly name: string
  /** Absent for those without Ethernet addresses, such as WireGuard. */
  readonly mac?: Mac
  /** Switched on by the administrator. */
  readonly up: boolean
  /** A cable, or the other end of a veth pair, is there. */
  readonly carrier: boolean
  readonly loopback: boolean
  /** Bytes. */
  readonly mtu: number
  /** IPv4 addresses with their networks, the primary one first. */
  readonly addresses: readonly Cidr[]
}

/** What `ip -json addr` says of one interface, as far as we read it. */
interface IpLink {
  readonly ifname?: string
  readonly flags?: readonly string[]
  readonly mtu?: number
  readonly link_type?: string
  readonly address?: string
  readonly addr_info?: readonly { readonly family?: string; readonly local?: string; readonly prefixlen?: number }[]
}

/**
 * The interfaces of this network namespace. Asks `ip`, because `os.networkInterfaces()` hides those that are down or
 * have no address; without iproute2 it reads /sys/class/net, which knows the names and no more than that for them.
 *
 * @throws {CommandError} if `ip` fails
 */
export async function listInterfaces(): Promise<NetworkInterface[]> {
  try {
    const output = await run('ip', ['-json', '-details', 'addr', 'show'])
    return parseIpAddr(output.toString())
  } catch (error) {
    if (error instanceof CommandError && error.status === undefined) return listWithoutIp()
    throw error
  }
}

/** Reads the output of `ip -json -details addr show`. */
export function parseIpAddr(json: string): NetworkInterface[] {
  const links = JSON.parse(json) as readonly IpLink[]
  // some versions of iproute2 print an empty object for what they leave out
  return links.flatMap((link) => (link.ifname === undefined ? [] : [interfaceOf(link, link.ifname)]))
}

function interfaceOf(link: IpLink, name: string): NetworkInterface {
  const { flags = [], mtu = 0, addr_info: infos = [] } = link
  const addresses = infos.flatMap(({ family, local, prefixlen }) =>
    family === 'inet' && local !== undefined ? [parseCidr(`${local}/${prefixlen ?? 32}`)] : [],
  )
  const mac = link.link_type === 'ether' && link.address !== undefined ? { mac: parseMac(link.address) } : {}
  const up = flags.includes('UP')
  return { name, ...mac, up, carrier: flags.includes('LOWER_UP'), loopback: flags.includes('LOOPBACK'), mtu, addresses }
}

async function listWithoutIp(): Promise<NetworkInterface[]> {
  const names = await readdir('/sys/class/net')
  return Promise.all(names.sort().map((name) => readFromSys(name)))
}

async function readFromSys(name: string): Promise<NetworkInterface> {
  const read = (file: string): Promise<string> =>
    readFile(`/sys/class/net/${name}/${file}`, 'utf8').then(
      (text) => text.trim(),
      () => '',
    ) // carrier fails when down
  const [address, mtu, flags, carrier, type] = await Promise.all(
    ['address', 'mtu', 'flags', 'carrier', 'type'].map((file) => read(file)),
  )
  const known = (networkInterfaces()[name] ?? []).flatMap((info) =>
    info.family === 'IPv4' && info.cidr !== null ? [parseCidr(info.cidr)] : [],
  )
  return {
    name,
    ...(type === ETHERNET && address !== undefined ? { mac: parseMac(address) } : {}),
    up: (Number(flags) & IFF_UP) !== 0,
    carrier: carrier === '1',
    loopback: (Number(flags) & IFF_LOOPBACK) !== 0,
    mtu: Number(mtu),
    addresses: known,
  }
}

const ETHERNET = '1' // ARPHRD_ETHER
const IFF_UP = 1
const IFF_LOOPBACK = 8
