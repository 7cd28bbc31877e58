import { Command } from 'commander'

/** `netroot image …`: the release store. */
export function imageCommand(): Command {
  return new Command('image').description('Build, import, list, show and remove images')
}
