import { Command } from 'commander'
import type { ImageOptions } from './image-result.ts'
import { collectParts } from '../server/part-cache.ts'
import { Keeps } from '../image/keeps.ts'
import type { ReleaseStore } from '../image/store.ts'
import { openStore } from './store.ts'
import { printJson } from './text.ts'

/** Says whose changes are above a release. */
function keptBy(store: ReleaseStore): (digest: string) => Promise<string | undefined> {
  return async (digest) => {
    const keep = (await new Keeps(store.directory).all()).find(({ release }) => release === digest)
    return keep === undefined ? undefined : `what ${keep.owner.name || keep.mac} keeps (netroot keep move or reset)`
  }
}

/** `netroot image rm NAME`. */
export function imageRmCommand(): Command {
  return new Command('rm')
    .description('Remove an image with its releases (NAME), or one release (NAME@DIGEST, DIGEST)')
    .argument('<release>')
    .action(async (reference: string, options: ImageOptions) => {
      const store = await openStore(options.store)
      const removed = await store.remove(reference, keptBy(store))
      await collectParts(store)
      if (options.json === true) return printJson({ removed })
      for (const digest of removed) process.stdout.write(`Removed release ${digest}\n`)
      if (removed.length === 0)
        process.stdout.write(`Removed ${reference}; its releases stay, other images have them\n`)
    })
}
