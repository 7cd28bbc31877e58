import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureImage } from '../src/image/build.ts'
import { makeRecipe } from '../src/image/recipe.ts'
import type { ReleaseInfo } from '../src/image/release.ts'
import { ReleaseStore } from '../src/image/store.ts'
import { TEST_CACHE } from '../test/support/debian.ts'

export const BENCH_IMAGE = 'bench-boot'

/** What Debian's own initramfs is made with: the generator, its shell's tools, its default compressor. */
const PACKAGES = ['initramfs-tools', 'busybox', 'zstd']

export interface BenchImage {
  /** Directory of the store. */
  readonly store: string
  readonly info: ReleaseInfo
}

/** Debian stable with an initramfs of Debian's own in it, built at the first call ever and kept with the tests' images. */
export async function benchImage(onLine: (line: string) => void, signal: AbortSignal): Promise<BenchImage> {
  const store = await ReleaseStore.open(join(TEST_CACHE, 'store'))
  const hook = fileURLToPath(new URL('own-initramfs.sh', import.meta.url))
  const recipe = await makeRecipe({ packages: PACKAGES, hooks: [hook] })
  const { info } = await ensureImage(store, BENCH_IMAGE, recipe, { onLine, signal })
  return { store: store.directory, info }
}
