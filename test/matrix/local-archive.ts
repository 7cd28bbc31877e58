import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fetchDebianPackages } from '../../src/sys/debian-packages.ts'
import { run } from '../../src/sys/run.ts'
import { TEST_CACHE } from '../support/debian.ts'

/**
 * An archive of a few Debian packages, in a directory that any HTTP server may serve: `deb [trusted=yes] URL ./`.
 *
 * @param names packages of Debian stable; what they depend on is in the image, or named as well
 * @param others paths of packages beside them
 */
export async function makeArchive(
  directory: string,
  names: readonly string[],
  others: readonly string[] = [],
): Promise<void> {
  const request = { packages: names, suite: 'trixie', architecture: 'amd64', cacheDir: join(TEST_CACHE, 'packages') }
  const packages = await fetchDebianPackages(request)
  await mkdir(directory, { recursive: true })
  const stanzas: string[] = []
  for (const path of [...packages.values()].map((one) => one.path).concat(others)) {
    await copyFile(path, join(directory, basename(path)))
    stanzas.push(await stanzaOf(path))
  }
  await writeFile(join(directory, 'Packages'), stanzas.join('\n'))
}

/** What apt needs to know of a package, as `dpkg-scanpackages` writes it. */
async function stanzaOf(path: string): Promise<string> {
  const content = await readFile(path)
  const digest = createHash('sha256').update(content).digest('hex')
  const control = (await run('dpkg-deb', ['--field', path])).toString().trimEnd()
  return [control, `Filename: ./${basename(path)}`, `Size: ${content.byteLength}`, `SHA256: ${digest}`, ''].join('\n')
}
