import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ReleaseStore } from '../src/image/store.ts'
import { inspectInitramfs } from '../src/initramfs/inspect.ts'
import { readPath } from '../src/storage/paths.ts'
import type { BenchImage } from './boot-image.ts'
import type { SentFile } from './boot-once.ts'

/** What the files of an initramfs hold when they are unpacked, in bytes: so much memory they take on the machine. */
export async function unpackedBytes(files: readonly SentFile[], image: BenchImage): Promise<number> {
  let sum = 0
  for (const file of files) {
    if (file.role === 'client') {
      sum += file.bytes // made for each boot and kept nowhere, and never compressed
      continue
    }
    const segments = await inspectInitramfs(await contentOf(file, image))
    sum += segments.reduce((bytes, { unpackedSize }) => bytes + unpackedSize, 0)
  }
  return sum
}

async function contentOf({ role, path }: SentFile, { store, info }: BenchImage): Promise<Uint8Array> {
  if (role !== 'initramfs') return readFile(join(store, 'cache/initramfs', basename(path)))
  await using release = await (await ReleaseStore.open(store)).openRelease(info.digest)
  const content = await readPath(release.tree, `boot/initrd.img-${basename(path)}`)
  if (content === undefined) throw new Error(`Cannot find the initramfs that was sent as ${path} in its release`)
  return content
}
