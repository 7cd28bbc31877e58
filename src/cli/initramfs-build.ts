import { Command, Option } from 'commander'
import type { InitramfsOptions } from './initramfs-make.ts'

const EXAMPLES = `
Examples:
  netroot initramfs build /srv/nfs/debian -o /srv/tftp/initramfs
  netroot initramfs build debian.tar --kernel 6.12.57+deb13-amd64 --modules md_mod,raid1 -o initramfs
  netroot initramfs build debian.tar --fit 8086:100e,1af4:1000 -o initramfs
  netroot initramfs build / --hostonly --explain

ROOT is a directory, a tar archive (not compressed), or the name of an image. Without --fit, --hostonly or --all the
initramfs holds every network driver of that kernel, so any machine boots with it. Nothing of the root is run, and no
root privileges are needed. The first call fetches busybox from Debian's archive.`

const listOf = (value: string, before: readonly string[]): readonly string[] => [
  ...before,
  ...value.split(/[\s,]+/).filter((name) => name !== ''),
]

const compression = new Option('--compress <method>', 'default: the best that this kernel reads').choices([
  'zstd',
  'xz',
  'gzip',
  'none',
])

/** `netroot initramfs build`. What it needs is loaded when it runs: a build out of the cache takes less than that. */
export function initramfsBuildCommand(): Command {
  return new Command('build')
    .description('Build the initramfs for one kernel of a root')
    .argument('[root]', 'root file system: a directory, a tar archive, or an image of the store')
    .option('--root <root>', 'the same')
    .option('--kernel <version>', 'as `uname -r` says it (default: the newest that the root has)')
    .option('--fit <devices>', 'only what these devices need: PCI ids, usb:ID:ID or modaliases', listOf, [])
    .option('--hostonly', 'only what the network cards of this machine need')
    .option('--modules <list>', 'further modules, with all they need; may be repeated', listOf, [])
    .option('--all', 'all modules of the kernel')
    .option('--no-microcode', "without the processors' microcode, where the root has it")
    .option('--ssh <file>', 'with an SSH server, for the public keys in this file (as authorized_keys)')
    .addOption(compression)
    .option('-o, --output <file>', 'file to write; an existing one is replaced when the new one is whole')
    .option('--kernel-output <file>', 'write the kernel to a file, too')
    .option('--explain', 'say of each module and file why it is there')
    .option('--no-cache', 'make everything anew; packages that were fetched stay')
    .option('--store <directory>', 'where parts and packages are kept (default: $NETROOT_STATE, /var/lib/netroot)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (root: string | undefined, options: InitramfsOptions) => {
      const { runInitramfsBuild } = await import('./initramfs-make.ts')
      await runInitramfsBuild(root ?? options.root, options)
    })
}
