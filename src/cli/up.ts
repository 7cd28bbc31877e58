import { access, writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { CONFIG_FILE, stateDirectory } from '../config/paths.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { NetrootServer } from '../server/server.ts'
import type { Logger } from '../sys/log.ts'
import { stderrLogger } from '../sys/log.ts'
import { BoundedOutput, leave, neverBlock } from './bounded-output.ts'
import { EventLines } from './event-lines.ts'
import { UsageError } from './failure.ts'
import { stopSignal } from './listen.ts'
import { reloadOnChange } from './reload-on-change.ts'

interface UpOptions {
  readonly config: string
  readonly store?: string
  readonly state?: string
  readonly json?: boolean
  readonly verbose?: boolean
}

const EXAMPLES = `
Examples:
  netroot up                              what netroot.yaml in this directory says; writes one where there is none
  netroot up --config /etc/netroot/netroot.yaml
  netroot up --json | jq .event.type      every event of every boot, one a line`

/** `netroot up`: everything that netroot.yaml says. */
export function upCommand(): Command {
  return new Command('up')
    .description('Serve the machines of a network: DHCP, TFTP, HTTP and NFS in one process')
    .option('--config <file>', 'what to serve', CONFIG_FILE)
    .option('--store <directory>', "where images are (default: netroot.yaml's store:, else the state directory)")
    .option('--state <directory>', 'where leases and boots are kept (default: the same directory as the images)')
    .option('--json', 'print every event as JSON, one a line')
    .option('--verbose', 'log what goes on')
    .addHelpText('after', EXAMPLES)
    .action(async (options: UpOptions) => {
      await up(options)
      await leave(process.stdout)
    })
}

async function up(options: UpOptions): Promise<void> {
  if (!(await exists(options.config))) return writeDefault(options.config)
  const { loadConfig } = await import('../config/load.ts')
  const loaded = await loadConfig(options.config)
  const store = options.store ?? loaded.config.store ?? stateDirectory()
  const log = stderrLogger(options.verbose === true ? 'debug' : 'warn')
  await using server = await start(loaded, { store, state: options.state ?? store }, log)
  const stopped = stopSignal()
  keepOnWithoutReader()
  const output = new BoundedOutput(process.stdout, options.json === true ? leftOutJson : leftOutText)
  const lines = new EventLines(server.boots, options.json === true)
  const stop = new AbortController()
  server.boots.subscribe((stored) => output.line(lines.line(stored)), stop.signal)
  // Signals are heard before it says that it is ready.
  reloadOnChange(options.config, server, {
    done: () => output.line(options.json === true ? reloadedJson(options.config) : reloadedText(options.config)),
    signal: stop.signal,
  })
  output.line(options.json === true ? listeningJson(server) : listeningText(server, loaded))
  await stopped
  stop.abort()
}

async function start(
  loaded: LoadedConfig,
  directories: { readonly store: string; readonly state: string },
  log: Logger,
): Promise<NetrootServer> {
  const { NetrootServer: Server } = await import('../server/server.ts')
  return Server.start({
    loaded,
    storeDirectory: directories.store,
    stateDirectory: directories.state,
    log,
    onNotice: (text) => process.stderr.write(`netroot: ${text}\n`),
    onStep: (what) => process.stderr.isTTY && process.stderr.write(`${what}…\n`),
  })
}

function listeningJson({ network, addresses }: NetrootServer): string {
  return `${JSON.stringify({ listening: { interface: network.interface, ...addresses } })}\n`
}

function listeningText({ network, addresses, otherNfs }: NetrootServer, { config, file }: LoadedConfig): string {
  const { address, httpPort, nfsPort } = addresses
  const rows = [
    `netroot serves ${network.interface}, ${address}/${network.server.prefix}, as ${file} says`,
    `  dhcp  ${config.range.first}-${config.range.last}, ${Object.keys(config.clients).length} clients by name`,
    `  tftp  ${address}:${config.ports.tftp}`,
    `  http  ${address}:${httpPort}`,
    ...(config.https === undefined ? [] : [`  https ${address}:${config.https.port}`]),
    `  nfs   ${otherNfs ?? `${address}:${nfsPort}`}`,
    'Switch a machine on. Its boot is told here; Ctrl-C ends.',
  ]
  return `${rows.join('\n')}\n`
}

function reloadedJson(file: string): string {
  return `${JSON.stringify({ reloaded: { file } })}\n`
}

function reloadedText(file: string): string {
  return `netroot goes by the changed ${file} from now on\n`
}

/** Machines boot on when whatever read the output of the server has gone or stands still: a journal, a pager. */
function keepOnWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => undefined)
    neverBlock(stream)
  }
}

function leftOutText(lines: number): string {
  return `(${lines} lines left out: nobody read them in time; netroot boots shows them)\n`
}

function leftOutJson(lines: number): string {
  return `${JSON.stringify({ leftOut: lines })}\n`
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/**
 * Writes the default file and stops: the interface is a guess, and a second DHCP server on the wrong network is the
 * one mistake that others notice.
 *
 * @throws {UsageError} always, saying what to look at
 */
async function writeDefault(path: string): Promise<never> {
  const [{ defaultConfigText }, { guessNetwork }] = await Promise.all([
    import('../config/default-text.ts'),
    import('../server/guess-network.ts'),
  ])
  const guess = await guessNetwork()
  await writeFile(path, defaultConfigText({ ...guess, image: 'debian' }), { flag: 'wx' }).catch((cause: unknown) => {
    throw new UsageError(`There is no ${path}, and a default one cannot be written`, { cause })
  })
  throw new UsageError(
    `there was no ${path}, so a default one was written: it serves ${guess.interface} with ${guess.range}. ` +
      'Look whether that is the right network, build the image (netroot image build debian), then call netroot up again',
  )
}
