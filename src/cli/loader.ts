import { copyFile, mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { LOADER_CATALOG } from '../boot/loaders/catalog.ts'
import { Loaders } from '../boot/loaders/files.ts'
import { UsageError } from './failure.ts'
import { interruptible, storeDirectory } from './store.ts'
import { jsonText, type Print, toStdout } from './terminal.ts'

const EXAMPLES = `
Examples:
  netroot loader fetch                          all of them, so that netroot up needs no Internet
  netroot loader fetch shimx64.efi grubx64.efi  what Secure Boot needs
  netroot loader fetch --into /srv/tftp         for a TFTP server of your own`

/** `netroot loader …`: the programs that firmware starts. */
export function loaderCommand(print: Print = toStdout): Command {
  return new Command('loader')
    .description('Boot loaders: iPXE, PXELINUX, shim and GRUB, out of Debian packages')
    .addCommand(listCommand(print))
    .addCommand(fetchCommand(print))
}

function listCommand(print: Print): Command {
  return new Command('list')
    .description('List the loaders that are known, and the packages that they come from')
    .option('--json', 'print JSON')
    .action(({ json }: { readonly json?: boolean }) => {
      const text = LOADER_CATALOG.map((one) => `${one.name.padEnd(18)} ${one.package} (${one.architecture})\n`)
      print(json === true ? jsonText(LOADER_CATALOG) : text.join(''))
    })
}

interface FetchOptions {
  readonly store?: string
  readonly into?: string
}

function fetchCommand(print: Print): Command {
  return new Command('fetch')
    .description('Fetch loaders into the store, and into a directory where one is named')
    .argument('[names...]', 'default: all')
    .option('--store <dir>', 'the store')
    .option('--into <dir>', 'a directory that another TFTP or HTTP server serves')
    .addHelpText('after', EXAMPLES)
    .action((names: string[], { store, into }: FetchOptions) =>
      interruptible(async (signal) => {
        const loaders = new Loaders(join(storeDirectory(store), 'cache'))
        for (const name of names.length === 0 ? LOADER_CATALOG.map((one) => one.name) : names) {
          const file = await loaders.get(name, signal)
          if (file === undefined) throw new UsageError(`There is no loader ${name}; see: netroot loader list`)
          if (into !== undefined) await place(file.path, into, name)
          print(`${name.padEnd(18)} ${String(file.size).padStart(8)} bytes  sha256 ${file.digest}\n`)
        }
      }),
    )
}

/** Beside it first: a machine that asks meanwhile gets the old file or the new one, never half of one. */
async function place(path: string, directory: string, name: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  await copyFile(path, join(directory, `.${name}.new`))
  await rename(join(directory, `.${name}.new`), join(directory, name))
}
