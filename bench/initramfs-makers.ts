import { fileURLToPath } from 'node:url'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspectInitramfs } from '../src/initramfs/inspect.ts'
import { type BenchRoot, inRoot } from './initramfs-root.ts'
import { type Measured, measuredRun } from './measured-run.ts'

/** Where each writes its initramfs, inside the root. */
const IMAGE = 'tmp/bench.img'
const NETROOT = fileURLToPath(new URL('../bin/netroot', import.meta.url))
/** The card that the boots of this benchmark have: virtio. */
export const BOOT_CARD = '1af4:1000'

interface Maker {
  readonly title: string
  /** The program that makes the initramfs at `image`. */
  readonly command: (root: BenchRoot, image: string) => readonly [string, readonly string[]]
}

const ours = (title: string, words: readonly string[]): Maker => ({
  title,
  command: ({ directory }, image) => [
    NETROOT,
    ['initramfs', 'build', '--root', directory, ...words, '--output', image],
  ],
})

const initramfsTools = (modules: string): Maker => ({
  title: `initramfs-tools ${modules}`,
  command: ({ directory, kernelVersion }) =>
    inRoot(
      directory,
      `sed -i 's/^MODULES=.*/MODULES=${modules}/' /etc/initramfs-tools/initramfs.conf && mkinitramfs -o /${IMAGE} ${kernelVersion}`,
    ),
})

/** All that are measured, in the order in which they take turns. */
export const MAKERS = {
  generic: ours('netroot', ['--no-cache']),
  warm: ours('netroot, warm cache', []),
  fitted: ours('netroot, one card', ['--no-cache', '--fit', BOOT_CARD]),
  netboot: initramfsTools('netboot'),
  most: initramfsTools('most'),
  dracut: {
    title: 'dracut',
    command: ({ directory, kernelVersion }) =>
      inRoot(
        directory,
        `dracut --force --quiet --no-hostonly --zstd --add 'network nfs nbd iscsi' /${IMAGE} ${kernelVersion}`,
      ),
  },
} as const satisfies Record<string, Maker>
export type MakerName = keyof typeof MAKERS

/** One initramfs, made once. */
export interface Made extends Measured {
  readonly bytes: number
  readonly unpackedBytes: number
  readonly modules: number
  /** Modules below kernel/drivers/net. */
  readonly networkDrivers: number
}

/** Makes one and looks into it; the file stays until the next one is made. */
export async function makeOne(name: MakerName, root: BenchRoot, signal: AbortSignal): Promise<Made> {
  const image = imageOf(root)
  const [command, args] = MAKERS[name].command(root, image)
  const measured = await measuredRun(command, args, signal)
  return { ...measured, ...(await contentOf(image)) }
}

export function imageOf({ directory }: BenchRoot): string {
  return join(directory, IMAGE)
}

async function contentOf(image: string): Promise<Omit<Made, keyof Measured>> {
  const file = await readFile(image)
  const segments = await inspectInitramfs(file)
  const names = segments.flatMap(({ entries }) => entries.map((entry) => entry.name))
  const modules = names.filter((path) => /\.ko(\.\w+)?$/.test(path))
  return {
    bytes: file.byteLength,
    unpackedBytes: segments.reduce((sum, { unpackedSize }) => sum + unpackedSize, 0),
    modules: modules.length,
    networkDrivers: modules.filter((path) => path.includes('/kernel/drivers/net/')).length,
  }
}
