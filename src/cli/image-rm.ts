import { Command } from 'commander'
import type { ImageOptions } from './image-result.ts'
import { collectParts } from '../server/part-cache.ts'
import { openStore } from './store.ts'
import { printJson } from './text.ts'

/** `netroot image rm NAME`. */
export function imageRmCommand(): Command {
  return new Command('rm')
    .description('Remove an image with its releases (NAME), or one release (NAME@DIGEST, DIGEST)')
    .argument('<release>')
    .action(async (reference: string, options: ImageOptions) => {
      const store = await openStore(options.store)
      const removed = await store.remove(reference)
      await collectParts(store)
      if (options.json === true) return printJson({ removed })
      for (const digest of removed) process.stdout.write(`Removed release ${digest}\n`)
      if (removed.length === 0)
        process.stdout.write(`Removed ${reference}; its releases stay, other images have them\n`)
    })
}
