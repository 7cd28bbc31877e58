import { join } from 'node:path'
import { Command } from 'commander'
import { Loaders } from '../boot/loaders/files.ts'
import { buildMedium } from '../boot/media/build.ts'
import type { MediaRequest } from '../boot/media/scripts.ts'
import { parseCidr } from '../net/cidr.ts'
import { isIpv4 } from '../net/ipv4.ts'
import { UsageError } from './failure.ts'
import { interruptible, storeDirectory } from './store.ts'
import { type Print, toStdout } from './terminal.ts'

const EXAMPLES = `
Examples:
  netroot media build --server http://192.168.1.5 -o netroot.iso
  netroot media build --server http://192.168.1.5 --address 192.168.1.7/24 -o pc7.iso    no DHCP there
  dd if=netroot.iso of=/dev/sdX bs=4M conv=fsync                                       onto a USB stick`

interface BuildOptions {
  readonly server: string
  readonly output: string
  readonly address?: string
  readonly router?: string
  readonly store?: string
}

/** `netroot media …`: for machines whose firmware cannot boot from a network. */
export function mediaCommand(print: Print = toStdout): Command {
  return new Command('media')
    .description('Boot media for machines whose firmware cannot boot from a network')
    .addCommand(buildCommand(print))
}

function buildCommand(print: Print): Command {
  return new Command('build')
    .description('Make an image for a CD or a USB stick that starts iPXE, under BIOS and UEFI')
    .requiredOption('--server <url>', "netroot's address as machines reach it, such as http://192.168.1.5")
    .requiredOption('-o, --output <file>', 'the image')
    .option('--address <cidr>', "the machine's own address, where there is no DHCP, such as 192.168.1.7/24")
    .option('--router <address>', 'its router')
    .option('--store <dir>', 'the store, which keeps what was fetched')
    .addHelpText('after', EXAMPLES)
    .action((options: BuildOptions) =>
      interruptible(async (signal) => {
        const loaders = new Loaders(join(storeDirectory(options.store), 'cache'))
        await buildMedium(options.output, loaders, requestOf(options), signal)
        print(`${options.output} boots from ${options.server}\n`)
      }),
    )
}

function requestOf({ server, address, router }: BuildOptions): MediaRequest {
  if (!/^https?:\/\/[^/\s]+$/.test(server)) {
    throw new UsageError(`Cannot take --server ${server}, want a URL without a path such as http://192.168.1.5`)
  }
  if (router !== undefined && !isIpv4(router)) {
    throw new UsageError(`Cannot take --router ${router}, want an IPv4 address such as 192.168.1.1`)
  }
  return {
    base: server,
    ...(address === undefined ? {} : { address: parseCidr(address) }),
    ...(router === undefined ? {} : { router }),
  }
}
