import { Command } from 'commander'
import { importPath } from '../image/import.ts'
import { type ImageOptions, printImported, progressText } from './image-result.ts'
import { Progress } from './progress.ts'
import { interruptible, openStore } from './store.ts'

const EXAMPLES = `
Examples:
  netroot image import rescue root.tar.xz
  netroot image import lab /srv/nfs/debian          a directory, as it is now
  ssh host tar -C / --one-file-system --xattrs -c . | netroot image import copy -`

/** `netroot image import NAME SOURCE`. */
export function imageImportCommand(): Command {
  return new Command('import')
    .description('Make a release of a root archive (tar, also .gz, .xz, .zst), of a directory or of standard input')
    .argument('<name>', 'image that it becomes the current release of')
    .argument('<source>', 'file, directory, or - for standard input')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, source: string, options: ImageOptions) => {
      const store = await openStore(options.store)
      const progress = new Progress()
      const imported = await interruptible((signal) =>
        importPath(store, name, source, {
          signal,
          onProgress: (state) => progress.update(() => progressText(state)),
          onWarning: (text) => progress.line(`warning: ${text}`),
        }),
      ).finally(() => progress.end())
      printImported(name, imported, options.json)
    })
}
