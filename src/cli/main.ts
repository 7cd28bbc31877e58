import { Command, CommanderError } from 'commander'
import { bootsCommand } from './boots.ts'
import { configCommand } from './config.ts'
import { demoCommand } from './demo.ts'
import { reportFailure } from './failure.ts'
import { imageCommand } from './image.ts'
import { initramfsCommand } from './initramfs.ts'
import { loaderCommand } from './loader.ts'
import { mediaCommand } from './media.ts'
import { serveCommand } from './serve.ts'
import { tryCommand } from './try.ts'
import { upCommand } from './up.ts'
import { whyCommand } from './why.ts'

const EXAMPLES = `
Examples:
  netroot demo                     see a diskless machine boot, in a virtual network of its own
  netroot image build debian       make something to boot
  netroot up                       serve the machines of a network
  netroot boots --follow           watch them boot
  netroot why pc7                  why the machine pc7 does not boot`

/** The program: one file per command beside this one, each loading its server parts only when it runs. */
function program(): Command {
  const netroot = new Command('netroot')
    .description('Boots Linux machines that have no disk: all from the first DHCP packet to the root file system.')
    .addHelpText('after', EXAMPLES)
  const commands = [
    demoCommand,
    upCommand,
    tryCommand,
    imageCommand,
    bootsCommand,
    whyCommand,
    configCommand,
    initramfsCommand,
    loaderCommand,
    mediaCommand,
    serveCommand,
  ]
  for (const command of commands) netroot.addCommand(command())
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

process.title = 'netroot' // what ss and ps show, and so our own messages about ports

try {
  await program().parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) reportFailure(error)
  else process.exitCode = error.exitCode === 0 ? 0 : 2
}
