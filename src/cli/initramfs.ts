import { Command } from 'commander'
import { initramfsBuildCommand } from './initramfs-build.ts'
import { initramfsShowCommand } from './initramfs-show.ts'

/** `netroot initramfs …`: on its own, for use with any server. */
export function initramfsCommand(): Command {
  return new Command('initramfs')
    .description('Build the initramfs of a root, or look into one')
    .addCommand(initramfsBuildCommand())
    .addCommand(initramfsShowCommand())
}
