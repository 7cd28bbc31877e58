import { Command } from 'commander'
import { stringify } from 'yaml'
import { effectiveProfile, hostNameOf, type NamedClient } from '../config/effective.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { checkAgainstNetwork } from '../config/network.ts'
import { CONFIG_FILE } from '../config/paths.ts'
import { configReference } from '../config/reference.ts'
import type { Config } from '../config/schema.ts'
import { startOf } from '../config/start.ts'
import { parseMac } from '../net/mac.ts'
import { listInterfaces } from '../sys/interfaces.ts'
import { configExportCommand } from './config-export.ts'
import { UsageError } from './failure.ts'
import { jsonText, type Print, toStdout } from './terminal.ts'

interface ConfigOptions {
  readonly config: string
  readonly json?: boolean
  readonly client?: string
}

/** `netroot config …`: checks and shows netroot.yaml. */
export function configCommand(print: Print = toStdout): Command {
  return new Command('config')
    .description('Check and show the configuration, or export it for other servers')
    .addCommand(checkCommand(print))
    .addCommand(showCommand(print))
    .addCommand(configExportCommand(print))
    .addCommand(referenceCommand(print))
}

function checkCommand(print: Print): Command {
  return new Command('check')
    .description('Check the configuration: every mistake with its line and column; status 2 if there is one')
    .option('--config <file>', 'the configuration', CONFIG_FILE)
    .action(async (options: ConfigOptions) => {
      const loaded = await loadConfig(options.config)
      const note = await checkInterface(loaded)
      const { profiles, clients } = loaded.config
      const counts = `${count(Object.keys(profiles).length, 'profile')}, ${count(Object.keys(clients).length, 'client')}`
      print(`${options.config}: no mistakes (${counts})${note}\n`)
    })
}

/** A file may be checked on another host than it is made for: then its addresses cannot be held against a network. */
async function checkInterface(loaded: LoadedConfig): Promise<string> {
  const { interface: name, address } = loaded.config
  const addresses = (await listInterfaces()).find((one) => one.name === name)?.addresses ?? []
  const network = addresses.find((one) => one.address === address) ?? addresses[0]
  if (network === undefined)
    return `; this host has no ${name} with an address, so addresses were not checked against it`
  checkAgainstNetwork(loaded, network)
  return ''
}

function showCommand(print: Print): Command {
  return new Command('show')
    .description('Show the configuration with its defaults, or what one machine boots')
    .option('--config <file>', 'the configuration', CONFIG_FILE)
    .option('--client <name>', 'a client of the configuration, or any MAC address')
    .option('--json', 'print JSON instead of YAML')
    .addHelpText(
      'after',
      '\nExamples:\n  netroot config show --client pc7\n  netroot config show --client 52:54:00:12:34:56',
    )
    .action(async (options: ConfigOptions) => {
      const { config } = await loadConfig(options.config)
      const shown = options.client === undefined ? config : effective(config, options.client)
      print(options.json === true ? jsonText(shown) : stringify(shown))
    })
}

function referenceCommand(print: Print): Command {
  return new Command('reference')
    .description('Print every key with its meaning and its default, as the page docs/config.md')
    .action(() => print(configReference()))
}

function effective(config: Config, which: string): Record<string, unknown> {
  const { mac, client } = machineMeant(config, which)
  const start = startOf(config, client)
  if (start === undefined) return { mac, boots: false, reason: 'unknown: ignore' }
  if (start.kind === 'local') return { mac, boots: 'local', reason: start.why }
  const profile = start.kind === 'menu' ? undefined : effectiveProfile(config, client)
  if (profile === undefined) return { mac, ...start, hostname: hostNameOf(mac, start, client) }
  const { name, ...rest } = profile
  return {
    ...(client === undefined ? {} : { client: client.name }),
    mac,
    ...(client?.address === undefined ? {} : { address: client.address }),
    profile: name,
    ...rest,
    hostname: hostNameOf(mac, profile, client),
  }
}

function machineMeant(config: Config, which: string): { mac: string; client?: NamedClient } {
  const named = Object.entries(config.clients)
  const byName = named.find(([name]) => name === which)
  const mac = byName?.[1].mac ?? macOrUndefined(which)
  if (mac === undefined) {
    const names = named.map(([name]) => name).join(', ')
    throw new UsageError(
      `Cannot find client ${JSON.stringify(which)}, want ${names === '' ? '' : `one of ${names} or `}a MAC address`,
    )
  }
  const found = byName ?? named.find(([, client]) => client.mac === mac)
  return found === undefined ? { mac } : { mac, client: { name: found[0], ...found[1] } }
}

function macOrUndefined(text: string): string | undefined {
  try {
    return parseMac(text)
  } catch {
    return undefined
  }
}

function count(number: number, what: string): string {
  return number === 1 ? `1 ${what}` : `${number} ${what}s`
}
