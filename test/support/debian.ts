import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ReleaseStore } from '../../src/image/store.ts'
import { run } from '../../src/sys/run.ts'

/** What is kept between runs of the tests: `$NETROOT_TEST_CACHE`, else a directory of the user's. */
export const TEST_CACHE = process.env['NETROOT_TEST_CACHE'] ?? join(homedir(), '.cache/netroot-test')

let release: Promise<{ store: ReleaseStore; digest: string }> | undefined

/** The image of Debian stable that most tests boot. */
const DEBIAN = 'debian'

/**
 * A release of Debian stable, `debian` in its store, root's password `netroot`. It is built at the first call ever,
 * which takes half a minute and the host's package mirror, and shared by all tests.
 */
export function debianRelease(): Promise<{ store: ReleaseStore; digest: string }> {
  return (release ??= build(DEBIAN, []))
}

/** The same as another image, with further packages in it. */
export function debianWith(
  image: string,
  packages: readonly string[],
): Promise<{ store: ReleaseStore; digest: string }> {
  return build(image, packages)
}

async function build(image: string, packages: readonly string[]): Promise<{ store: ReleaseStore; digest: string }> {
  const directory = join(TEST_CACHE, 'store')
  await mkdir(directory, { recursive: true })
  // Test files are processes of their own: the first one builds, the others wait for it.
  const script = fileURLToPath(new URL('debian-build.ts', import.meta.url))
  const args = ['--close', join(TEST_CACHE, 'debian.lock'), process.execPath, script, directory, image, ...packages]
  const digest = (await run('flock', args)).toString().trim()
  return { store: await ReleaseStore.open(directory), digest }
}
