import { mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hostMirror } from '../../src/sys/debian-mirror.ts'
import { run } from '../../src/sys/run.ts'
import { debianRelease, TEST_CACHE } from './debian.ts'
import { NETROOT } from './netroot.ts'

/** A system of another release or processor. */
export interface ForeignRoot {
  /** Such as `bookworm`. */
  readonly suite: string
  /** Debian's name of the architecture. */
  readonly architecture: string
  /** The package of its kernel. */
  readonly kernel: string
}

/** What a system needs to come as far as the first line of its init. */
const PACKAGES =
  'systemd-sysv,udev,base-files,base-passwd,libc-bin,dash,bash,coreutils,util-linux,mount,kmod,login,sed,grep,zstd'

/**
 * An image of that system in the store of `debianRelease()`. Its packages are unpacked, not configured: nothing of it
 * is executed, so that it may be for any processor.
 *
 * @returns the image's name
 */
export async function foreignImage({ suite, architecture, kernel }: ForeignRoot): Promise<string> {
  const name = `${suite}-${architecture}`
  const { store } = await debianRelease()
  if ((await store.image(name)) !== undefined) return name
  const directory = join(TEST_CACHE, 'roots')
  await mkdir(directory, { recursive: true })
  const tar = join(directory, `${name}.tar`)
  if ((await stat(tar).catch(() => undefined)) === undefined) {
    const options = [
      '--quiet',
      '--variant=extract',
      `--architectures=${architecture}`,
      `--include=${PACKAGES},${kernel}`,
      '--aptopt=Acquire::Check-Valid-Until "false"', // a mirror that stands still serves sid all the same
      '--extract-hook=for v in $(ls "$1/lib/modules"); do depmod -b "$1" "$v"; done', // as the kernel's package would
    ]
    await run('mmdebstrap', [...options, suite, `${tar}.new.tar`, (await hostMirror()).uri])
    await rename(`${tar}.new.tar`, tar)
  }
  await run(NETROOT, ['image', 'import', name, tar, '--store', store.directory])
  return name
}
