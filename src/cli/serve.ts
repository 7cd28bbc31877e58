import { Command } from 'commander'

/** `netroot serve …`: one service alone, for people who need just that. */
export function serveCommand(): Command {
  return new Command('serve').description('Serve one protocol alone')
}
