import { Command, CommanderError } from 'commander'
import { reportFailure } from './failure.ts'

const EXAMPLES = `
Examples:
  netroot demo                     see a diskless machine boot, in a virtual network of its own
  netroot image build debian       make something to boot
  netroot up                       serve the machines of a network
  netroot boots --follow           watch them boot
  netroot why pc7                  why the machine pc7 does not boot`

/** One file per command beside this one, in the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<() => Command>>> = {
  demo: async () => (await import('./demo.ts')).demoCommand,
  up: async () => (await import('./up.ts')).upCommand,
  try: async () => (await import('./try.ts')).tryCommand,
  image: async () => (await import('./image.ts')).imageCommand,
  boots: async () => (await import('./boots.ts')).bootsCommand,
  why: async () => (await import('./why.ts')).whyCommand,
  config: async () => (await import('./config.ts')).configCommand,
  ports: async () => (await import('./ports.ts')).portsCommand,
  initramfs: async () => (await import('./initramfs.ts')).initramfsCommand,
  loader: async () => (await import('./loader.ts')).loaderCommand,
  media: async () => (await import('./media.ts')).mediaCommand,
  keep: async () => (await import('./keep.ts')).keepCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
}

/** The program. Only the command that is called is loaded, or all where it is none: others would take longer than it. */
async function program(name = ''): Promise<Command> {
  const netroot = new Command('netroot')
    .description('Boots Linux machines that have no disk: all from the first DHCP packet to the root file system.')
    .addHelpText('after', EXAMPLES)
  const called = Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]] : Object.values(COMMANDS)
  for (const load of called) if (load !== undefined) netroot.addCommand((await load())())
  return strict(netroot)
}

/** A wrong call ends with status 2, and says where help is; commander's own way is status 1. */
function strict(command: Command): Command {
  command.exitOverride().showHelpAfterError(`Try: netroot ${pathOf(command)}--help`)
  for (const sub of command.commands) strict(sub)
  return command
}

function pathOf(command: Command): string {
  return command.parent === null ? '' : `${pathOf(command.parent)}${command.name()} `
}

/** These go on when nobody reads any more what they say. */
const SERVERS = new Set(['up', 'serve'])

// `netroot boots --follow | head`: the reader has gone, and so does the program, without a word
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  if (!SERVERS.has(process.argv[2] ?? '')) process.exit(process.exitCode ?? 0)
})

process.title = 'netroot' // what ss and ps show, and so our own messages about ports

try {
  await (await program(process.argv[2])).parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) reportFailure(error)
  else process.exitCode = error.exitCode === 0 ? 0 : 2
}
