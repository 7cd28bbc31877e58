import { Command } from 'commander'
import type { ImageOptions } from './image-result.ts'
import { interruptible, openStore } from './store.ts'
import { printJson } from './text.ts'

/** `netroot image unpack RELEASE`. */
export function imageUnpackCommand(): Command {
  return new Command('unpack')
    .description('Unpack a release into a directory of the store, for NFS servers that serve directories (as root)')
    .argument('<release>', 'NAME, NAME@DIGEST or DIGEST')
    .action((reference: string, options: ImageOptions) =>
      interruptible(async (signal) => {
        const { unpackRelease } = await import('../image/unpack.ts')
        const store = await openStore(options.store)
        const release = await store.resolve(reference)
        const directory = await unpackRelease(store, release, signal)
        if (options.json === true) return printJson({ release, directory })
        process.stdout.write(`${directory}\n`)
      }),
    )
}
