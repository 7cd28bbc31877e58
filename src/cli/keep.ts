import { Command } from 'commander'
import { keepMoveCommand } from './keep-move.ts'

/** `netroot keep`: what machines have changed of their roots. */
export function keepCommand(): Command {
  return new Command('keep').description('What machines have changed of their roots').addCommand(keepMoveCommand())
}
