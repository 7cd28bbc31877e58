import { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { CONFIG_FILE } from '../config/paths.ts'
import type { Config } from '../config/schema.ts'
import { type Fate, type FirstPacket, Ruleset } from '../formats/nftables.ts'
import { messageWithCauses } from '../sys/log.ts'
import { run } from '../sys/run.ts'
import { jsonText, type Print, toStdout } from './terminal.ts'
import { table } from './text.ts'

/** A port that machines must reach on this server. */
interface NeededPort extends Pick<FirstPacket, 'protocol' | 'port'> {
  readonly what: string
}

/** `netroot ports`: what the firewall of this host has to let through, and whether it does. */
export function portsCommand(print: Print = toStdout): Command {
  return new Command('ports')
    .description('Name the ports that machines must reach, and see whether the firewall of this host lets them')
    .option('--config <file>', 'the configuration', CONFIG_FILE)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nStatus 1 where a port is dropped. Rules of nftables, and of iptables by nftables, are read.',
    )
    .action(async ({ config: file, json }: { readonly config: string; readonly json?: boolean }) => {
      const { config } = await loadConfig(file)
      const { rules, why } = await hostRules()
      const ports = neededPorts(config).map((one) => ({ ...one, fate: fateOf(rules, config, one) }))
      if (json === true) print(jsonText({ interface: config.interface, ports, ...(why === '' ? {} : { why }) }))
      else print(portsText(config, ports, why))
      if (ports.some(({ fate }) => fate?.fate === 'dropped')) process.exitCode = 1
    })
}

function neededPorts({ ports, https, dhcp }: Config): NeededPort[] {
  const asked: NeededPort[] = [{ protocol: 'udp', port: 67, what: 'DHCP: machines ask from their UDP port 68' }]
  const menu = 'PXE menus of firmware, and DHCP beside another server'
  return [
    ...(dhcp === 'off' ? [] : [...asked, { protocol: 'udp', port: 4011, what: menu } as const]),
    { protocol: 'udp', port: ports.tftp, what: 'TFTP: the boot loader' },
    { protocol: 'tcp', port: ports.http, what: 'HTTP: scripts, kernel, initramfs, reports' },
    ...(https === undefined ? [] : [{ protocol: 'tcp', port: https.port, what: 'HTTPS: the same' } as const]),
    { protocol: 'tcp', port: ports.nfs, what: 'NFS: the root' },
    { protocol: 'udp', port: ports.syslog, what: 'syslog: the log of a machine without HTTP' },
  ]
}

/** The rules of this host; without them why they are not known. */
async function hostRules(): Promise<{ readonly rules?: Ruleset; readonly why: string }> {
  try {
    return { rules: new Ruleset((await run('nft', ['-j', 'list', 'ruleset'])).toString()), why: '' }
  } catch (error) {
    return {
      why: `The firewall's rules are not known (nft of the package nftables reads them, as root): ${messageWithCauses(error)}`,
    }
  }
}

function fateOf(rules: Ruleset | undefined, config: Config, { protocol, port }: NeededPort): Fate | undefined {
  return rules?.fateOf({ interface: config.interface, protocol, port })
}

type Checked = NeededPort & { readonly fate: Fate | undefined }

function portsText({ interface: name }: Config, ports: readonly Checked[], why: string): string {
  const rows = ports.map(({ protocol, port, what, fate }) => [`${protocol} ${port}`, fateText(fate), what])
  const closed = ports.filter(({ fate }) => fate !== undefined && fate.fate !== 'open')
  const notes = why === '' ? adviceText(name, closed) : `\n${why}\n`
  return `${table([[`port on ${name}`, 'firewall', 'what'], ...rows])}${notes}`
}

function fateText(fate: Fate | undefined): string {
  if (fate === undefined) return '?'
  return fate.fate === 'open' ? 'open' : `${fate.fate === 'maybe' ? 'perhaps dropped' : 'dropped'} by ${fate.chain}`
}

/** What to type, in the language of whatever made the chain that drops. */
function adviceText(name: string, closed: readonly Checked[]): string {
  const chain = closed
    .map(({ fate }) => (fate !== undefined && 'chain' in fate ? fate.chain : ''))
    .find((one) => one !== '')
  if (chain === undefined) return ''
  const lines = closed.map(({ protocol, port }) => commandFor(chain, name, protocol, port))
  const doubt = closed.some(({ fate }) => fate?.fate === 'maybe')
    ? ['Perhaps: a rule asks for more than interface, protocol and port, such as where a packet comes from.']
    : []
  return `\n${['To open them:', ...lines.map((line) => `  ${line}`), ...doubt].join('\n')}\n`
}

function commandFor(chain: string, name: string, protocol: string, port: number): string {
  if (chain.startsWith('inet firewalld '))
    return `firewall-cmd --add-port=${port}/${protocol}    (and once more with --permanent)`
  if (chain === 'ip filter INPUT') {
    return `iptables -I INPUT -i ${name} -p ${protocol} --dport ${port} -j ACCEPT    (with ufw: ufw allow in on ${name} to any port ${port} proto ${protocol})`
  }
  return `nft insert rule ${chain} iifname "${name}" ${protocol} dport ${port} accept`
}
