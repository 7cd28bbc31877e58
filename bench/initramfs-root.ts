import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureImage } from '../src/image/build.ts'
import { makeRecipe } from '../src/image/recipe.ts'
import type { ReleaseInfo } from '../src/image/release.ts'
import { ReleaseStore } from '../src/image/store.ts'
import { run } from '../src/sys/run.ts'
import { TEST_CACHE } from '../test/support/debian.ts'

export const ROOT_IMAGE = 'bench-initramfs'

/** Both of Debian's generators with all that they put into a network initramfs. */
const PACKAGES = ['initramfs-tools', 'dracut-core', 'dracut-network', 'binutils', 'nfs-common', 'nbd-client']
const MORE = ['open-iscsi', 'busybox', 'zstd']

/** What the hook puts into the root as its init, and what it tells the kernel's log. */
export const BENCH_INIT = '/usr/sbin/bench-init'
export const BENCH_LINE = /^\[ *(\d+\.\d+)\] bench: the real system starts/m

/** A Debian root as a release and as a directory: the same files for all contenders. */
export interface BenchRoot extends AsyncDisposable {
  readonly store: string
  readonly info: ReleaseInfo
  readonly directory: string
  readonly kernelVersion: string
}

/** Builds the image at the first call ever, and unpacks it. Needs root. */
export async function benchRoot(onLine: (line: string) => void, signal: AbortSignal): Promise<BenchRoot> {
  const store = await ReleaseStore.open(join(TEST_CACHE, 'store'))
  const hook = fileURLToPath(new URL('first-line.sh', import.meta.url))
  const recipe = await makeRecipe({ packages: [...PACKAGES, ...MORE], hooks: [hook] })
  const { info } = await ensureImage(store, ROOT_IMAGE, recipe, { onLine, signal })
  const directory = await mkdtemp(join(tmpdir(), 'netroot-bench-root-'))
  const root = join(store.directory, 'releases', info.digest, 'root.tar')
  await run('tar', ['-C', directory, '--numeric-owner', '-xpf', root], { signal })
  return {
    store: store.directory,
    info,
    directory,
    kernelVersion: info.kernels[0]?.version ?? '',
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

/** Runs a shell's line in the root, in a mount namespace of its own, so that nothing stays mounted. */
export function inRoot(directory: string, line: string): readonly [string, readonly string[]] {
  const mounts = `mount --bind /proc "$0/proc" && mount --bind /dev "$0/dev" && mount --bind /sys "$0/sys"`
  return ['unshare', ['--mount', 'sh', '-c', `${mounts} && exec chroot "$0" sh -c "$1"`, directory, line]]
}
