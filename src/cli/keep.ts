import { Command } from 'commander'
import { keepListCommand } from './keep-list.ts'
import { keepMoveCommand } from './keep-move.ts'
import { keepGiveCommand, keepResetCommand } from './keep-reset.ts'
import { keepShowCommand } from './keep-show.ts'

/** `netroot keep`: what machines have changed of their roots. */
export function keepCommand(): Command {
  const command = new Command('keep').description('What machines have changed of their roots (writes: keep)')
  const all = [keepListCommand(), keepShowCommand(), keepMoveCommand(), keepResetCommand(), keepGiveCommand()]
  for (const one of all) {
    one.option('--store <directory>', 'where it is kept (default: $NETROOT_STATE, /var/lib/netroot)')
    command.addCommand(one.option('--json', 'print the result as JSON'))
  }
  return command
}
