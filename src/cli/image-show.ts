import { Command } from 'commander'
import type { KernelInfo, ReleaseInfo } from '../image/release.ts'
import type { ReleaseStore } from '../image/store.ts'
import type { ImageOptions } from './image-result.ts'
import { interruptible, openStore } from './store.ts'
import { bytesText, printJson, table, timeText } from './text.ts'

interface ShowOptions extends ImageOptions {
  readonly verify?: boolean
}

/** `netroot image show NAME`. */
export function imageShowCommand(): Command {
  return new Command('show')
    .description('Show what a release holds: NAME, NAME@DIGEST or DIGEST')
    .argument('<release>')
    .option('--verify', 'read the whole archive and compare its digest')
    .action(async (reference: string, options: ShowOptions) => {
      const store = await openStore(options.store)
      const info = await store.info(await store.resolve(reference))
      if (options.verify === true) await interruptible((signal) => store.verify(info.digest, signal))
      const images = await imagesWith(store, info.digest)
      if (options.json === true) return printJson({ ...info, images, verified: options.verify === true })
      process.stdout.write(render(info, images, options.verify === true))
    })
}

/** The names that lead to a release, with its place: `debian`, or `debian (2 newer)`. */
async function imagesWith(store: ReleaseStore, digest: string): Promise<string[]> {
  const images = await store.images()
  return images.flatMap(({ name, releases }) => {
    const place = releases.findIndex((release) => release.digest === digest)
    return place < 0 ? [] : [place === 0 ? name : `${name} (${place} newer)`]
  })
}

function render(info: ReleaseInfo, images: readonly string[], verified: boolean): string {
  const rows = [
    ['release', info.digest],
    ['images', images.join(', ') || 'none'],
    ['system', info.system],
    ['arch', info.arch],
    ['size', `${bytesText(info.size)} in ${info.entries} entries${verified ? ', verified' : ''}`],
    ['created', `${timeText(info.created)} UTC`],
    ['source', info.source],
    ...info.kernels.map((kernel, at) => [at === 0 ? 'kernels' : '', kernelText(kernel)]),
  ]
  return table(rows)
}

function kernelText({ version, path, size, modules }: KernelInfo): string {
  return `${version}, ${bytesText(size)}, /${path}, ${modules === null ? 'without usable modules' : 'with modules'}`
}
