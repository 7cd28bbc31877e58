import { Command } from 'commander'
import { imageCommand } from './image.ts'
import { reportFailure } from './failure.ts'
import { serveCommand } from './serve.ts'

/** The program: one file per command beside this one, each loading its server parts only when it runs. */
function program(): Command {
  return new Command('netroot')
    .description('Boots Linux machines that have no disk: everything from the first DHCP packet to the root file system.')
    .showHelpAfterError()
    .addCommand(imageCommand())
    .addCommand(serveCommand())
}

await program().parseAsync().catch(reportFailure)
