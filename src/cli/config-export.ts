import { readFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import type { ServerAddresses } from '../boot/server-addresses.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { isOtherNfs, type OtherNfs } from '../config/nfs.ts'
import { CONFIG_FILE } from '../config/paths.ts'
import type { Config } from '../config/schema.ts'
import { bootableProfiles } from '../config/start.ts'
import { dhcpdExport } from '../exports/dhcpd.ts'
import { dnsmasqExport } from '../exports/dnsmasq.ts'
import { type AnsweredNetwork, moreNetworks } from '../server/dhcp-networks.ts'
import { dropIn, type DropInState, type Export, stateOf } from '../exports/drop-in.ts'
import { keaExport } from '../exports/kea.ts'
import { nfsServerExport, servedNetworks } from '../exports/nfs-settings.ts'
import { nginxExport } from '../exports/nginx.ts'
import type { DhcpExport } from '../exports/request.ts'
import { tftpdHpaExport } from '../exports/tftpd-hpa.ts'
import { type Cidr, parseCidr } from '../net/cidr.ts'
import { writeFileAtomic } from '../sys/files.ts'
import { listInterfaces } from '../sys/interfaces.ts'
import { UsageError } from './failure.ts'
import { interruptible, openStore, storeDirectory } from './store.ts'
import type { Print } from './terminal.ts'

interface ExportOptions {
  readonly config: string
  readonly network?: string
  readonly bootOnly?: boolean
  readonly proxy?: boolean
  readonly tftpRoot: string
  readonly upstream: string
  readonly write?: string
  readonly check?: string
  readonly force?: boolean
  readonly into?: string
}

/** What each daemon's file is made from. */
type Maker = (request: DhcpExport, options: ExportOptions) => Export | Promise<Export>

const MAKERS: Readonly<Record<string, Maker>> = {
  dnsmasq: (request, { proxy, tftpRoot }) => dnsmasqExport({ ...request, proxy: proxy === true, ...tftp(tftpRoot) }),
  dhcpd: (request) => dhcpdExport(request),
  kea: (request) => keaExport(request),
  nginx: ({ config, server }, { upstream }) => nginxExport({ server, upstream, store: storeDirectory(config.store) }),
  exports: (request) => nfsExport(request, 'kernel'),
  ganesha: (request) => nfsExport(request, 'ganesha'),
  'tftpd-hpa': ({ server }, { tftpRoot }) => tftpdHpaExport(server, tftpRoot === '' ? '/srv/tftp' : tftpRoot),
}

const EXAMPLES = `
Examples:
  netroot config export dnsmasq > /etc/dnsmasq.d/netroot.conf
  netroot config export dnsmasq --proxy              beside a router that gives the addresses
  netroot config export kea --write /etc/kea/kea-dhcp4.conf
  netroot config export dhcpd --boot-only --check /etc/dhcp/netroot.conf
  netroot config export pxelinux --into /srv/tftp    loaders, and a directory of files for each client`

const PXELINUX = 'pxelinux'
const DAEMONS = [...Object.keys(MAKERS), PXELINUX].join(', ')

/** `netroot config export DAEMON`: what netroot knows, as another server's configuration. */
export function configExportCommand(print: Print): Command {
  return new Command('export')
    .description(
      "Print the configuration as another server's: dnsmasq, dhcpd, kea, nginx, tftpd-hpa, exports, ganesha or pxelinux",
    )
    .argument('<daemon>', DAEMONS)
    .option('--config <file>', 'the configuration', CONFIG_FILE)
    .option('--network <cidr>', "netroot's address with its prefix length; default as the interface has it")
    .option('--boot-only', 'only what to boot: addresses are the matter of somebody else')
    .option('--proxy', 'dnsmasq: another server gives the addresses')
    .option('--tftp-root <dir>', 'dnsmasq, tftpd-hpa: the directory of loaders that it serves', '')
    .option('--upstream <address>', 'nginx: where netroot listens instead', '127.0.0.1:8080')
    .addOption(new Option('--write <file>', 'write it there').conflicts('check'))
    .option('--check <file>', 'say whether that file is what would be written; status 4 if it is not')
    .option(
      '--into <dir>',
      'pxelinux: the directory that a TFTP server serves; loaders, kernels and all else goes there',
    )
    .option('--force', 'write even over a file that somebody has changed')
    .addHelpText('after', EXAMPLES)
    .action(async (daemon: string, options: ExportOptions) => {
      const maker = MAKERS[daemon]
      if (maker === undefined && daemon !== PXELINUX)
        throw new UsageError(`Cannot export for "${daemon}", want ${DAEMONS}`)
      const loaded = await loadConfig(options.config)
      const { config } = loaded
      const network = await networkFor(config, options.network)
      const more = config.networks.length === 0 ? [] : moreNetworks(loaded, await listInterfaces())
      if (maker === undefined) return exportTree(loaded, requestFor(config, network, options, more), options, print)
      const text = dropIn(await maker(requestFor(config, network, options, more), options), options.config)
      if (options.check !== undefined) return checkFile(options.check, text, print)
      if (options.write !== undefined) return writeDropIn(options.write, text, options.force === true, print)
      print(text)
    })
}

async function exportTree(
  loaded: LoadedConfig,
  { server }: DhcpExport,
  { into, force }: ExportOptions,
  print: Print,
): Promise<void> {
  if (into === undefined)
    throw new UsageError('Cannot export for pxelinux: want --into DIR, what its TFTP server serves')
  const { exportPxelinux } = await import('./config-export-pxelinux.ts')
  await interruptible((signal) => exportPxelinux(loaded, server, { into, force: force === true, print, signal }))
}

function requestFor(
  config: Config,
  network: Cidr,
  { bootOnly = false }: ExportOptions,
  more: readonly AnsweredNetwork[],
): DhcpExport {
  const server: ServerAddresses = {
    address: config.address ?? network.address,
    httpPort: config.ports.http,
    nfsPort: config.ports.nfs,
  }
  const further = more.map(({ network: other, range = config.range, settings, attached }) => {
    const there: Config = { ...config, ...settings, range }
    if (settings.router === undefined) delete there.router // each network has its own, or none
    if (attached === undefined) return { config: there, server, network: other, bootOnly }
    const at = { ...server, address: attached.address }
    return { config: there, server: at, network: other, bootOnly, interface: attached.interface }
  })
  return { config, server, network, bootOnly, more: further }
}

/**
 * The releases that profiles boot now, each unpacked, since these servers know directories only, and what lies there of
 * earlier ones: the file that `netroot up` writes.
 */
async function nfsExport({ config, network, server, more }: DhcpExport, kind: OtherNfs['server']): Promise<Export> {
  const { UnpackedReleases } = await import('../image/unpack.ts')
  const nfs: OtherNfs = isOtherNfs(config.nfs)
    ? { ...config.nfs, server: kind }
    : { server: kind, port: server.nfsPort } // of netroot.yaml as it is now, the port that machines are told
  const store = await openStore(config.store)
  const profiles = [undefined, ...Object.values(config.clients)].flatMap((client) => bootableProfiles(config, client))
  const wanted = profiles.map(({ image, release }) => (release === undefined ? image : `${image}@${release}`))
  const digests = new Set(await Promise.all([...new Set(wanted)].map((reference) => store.resolve(reference))))
  const unpacked = new UnpackedReleases(store, nfs.directory)
  for (const digest of digests) await unpacked.ensure(digest)
  return nfsServerExport(nfs, await unpacked.all(), servedNetworks(config, [{ network }, ...more]))
}

async function networkFor(config: Config, given: string | undefined): Promise<Cidr> {
  if (given !== undefined) return parseCidr(given)
  const { interface: name, address } = config
  const addresses = (await listInterfaces()).find((one) => one.name === name)?.addresses ?? []
  const found = addresses.find((one) => one.address === address) ?? addresses[0]
  if (found !== undefined) return found
  throw new UsageError(`This host has no ${name} with an address; say which one it has: --network 192.168.1.5/24`)
}

function tftp(root: string): { tftpRoot?: string } {
  return root === '' ? {} : { tftpRoot: root }
}

const STATES: Readonly<Record<DropInState, string>> = {
  same: 'is up to date',
  outdated: 'is not what the configuration says now',
  'changed-by-hand': 'was changed by hand since it was made',
  foreign: 'was not made by netroot',
}

async function checkFile(file: string, wanted: string, print: Print): Promise<void> {
  const found = await readIfThere(file)
  const state = found === undefined ? undefined : stateOf(found, wanted)
  print(`${file} ${state === undefined ? 'is not there' : STATES[state]}\n`)
  if (state !== 'same') process.exitCode = 4
}

async function writeDropIn(file: string, wanted: string, force: boolean, print: Print): Promise<void> {
  const found = await readIfThere(file)
  const state = found === undefined ? 'outdated' : stateOf(found, wanted)
  if ((state === 'changed-by-hand' || state === 'foreign') && !force) {
    throw new UsageError(`Cannot write ${file}: it ${STATES[state]}. Look at it, then call this again with --force`)
  }
  if (state !== 'same') await writeFileAtomic(file, wanted)
  print(`${file} ${state === 'same' ? STATES.same : 'written'}\n`)
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
