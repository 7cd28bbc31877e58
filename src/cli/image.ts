import { Command } from 'commander'
import { imageBuildCommand } from './image-build.ts'
import { imageImportCommand } from './image-import.ts'
import { imageListCommand } from './image-list.ts'
import { imageRmCommand } from './image-rm.ts'
import { imageShowCommand } from './image-show.ts'
import { imageUnpackCommand } from './image-unpack.ts'

/** `netroot image …`: the release store. */
export function imageCommand(): Command {
  const command = new Command('image').description('Build, import, list, show, unpack and remove images')
  const all = [
    imageBuildCommand(),
    imageImportCommand(),
    imageListCommand(),
    imageShowCommand(),
    imageUnpackCommand(),
    imageRmCommand(),
  ]
  for (const one of all) {
    one.option('--store <directory>', 'where releases are kept (default: $NETROOT_STATE, /var/lib/netroot)')
    command.addCommand(one.option('--json', 'print the result as JSON'))
  }
  return command
}
