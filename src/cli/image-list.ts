import { Command } from 'commander'
import type { ReleaseInfo } from '../image/release.ts'
import type { ReleaseStore } from '../image/store.ts'
import type { ImageOptions } from './image-result.ts'
import { openStore } from './store.ts'
import { bytesText, printJson, table, timeText } from './text.ts'

/** `netroot image list`. */
export function imageListCommand(): Command {
  return new Command('list')
    .alias('ls')
    .description('List images and their current releases')
    .action(async (options: ImageOptions) => {
      const store = await openStore(options.store)
      const rows = await collect(store)
      if (options.json === true) return printJson(rows)
      if (rows.length > 0) return void process.stdout.write(render(rows))
      process.stdout.write(`There are no images in ${store.directory}; make one with: netroot image build debian\n`)
    })
}

interface Row {
  /** Null for a release that no image has. */
  readonly image: string | null
  readonly releases: number
  readonly current: ReleaseInfo
}

async function collect(store: ReleaseStore): Promise<Row[]> {
  const images = await store.images()
  const rows: Row[] = []
  for (const { name, releases } of images) {
    const digest = releases[0]?.digest ?? ''
    rows.push({ image: name, releases: releases.length, current: await store.info(digest) })
  }
  const used = new Set(images.flatMap((image) => image.releases.map(({ digest }) => digest)))
  const unused = (await store.releases()).filter(({ digest }) => !used.has(digest))
  return [...rows, ...unused.map((current) => ({ image: null, releases: 1, current }))]
}

function render(rows: readonly Row[]): string {
  const heading = ['IMAGE', 'RELEASE', 'SYSTEM', 'ARCH', 'KERNEL', 'SIZE', 'CREATED', 'RELEASES']
  const cells = rows.map(({ image, releases, current }) => [
    image ?? '-',
    current.digest.slice(0, 12),
    current.system,
    current.arch,
    current.kernels[0]?.version ?? '-',
    bytesText(current.size),
    timeText(current.created),
    String(releases),
  ])
  return table([heading, ...cells])
}
