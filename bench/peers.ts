import { access, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../src/sys/run.ts'

/**
 * Installs what a benchmark measures against, and says so: `FILE` of `PACKAGE` for each.
 *
 * @throws {Error} that names the packages, where they are missing and this is not root
 */
export async function needPrograms(
  programs: Readonly<Record<string, string>>,
  tell: (line: string) => void,
): Promise<void> {
  const missing: string[] = []
  for (const [file, name] of Object.entries(programs)) {
    if (!(await isThere(file))) missing.push(name)
  }
  if (missing.length === 0) return
  if (process.getuid?.() !== 0) throw new Error(`Cannot measure without these packages: ${missing.join(' ')}`)
  tell(`installs ${missing.join(' ')}`)
  await run('apt-get', ['install', '-y', '--no-install-recommends', ...missing], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  })
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

/**
 * A program out of a package that cannot be installed beside another: taken apart in `directory`.
 *
 * @returns its path
 * @throws {CommandError} if the package cannot be fetched
 */
export async function unpackProgram(directory: string, name: string, file: string): Promise<string> {
  const place = join(directory, name)
  await mkdir(place, { recursive: true })
  await run('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', name], { cwd: place })
  const archive = (await readdir(place)).find((entry) => entry.endsWith('.deb')) ?? ''
  await run('dpkg', ['-x', join(place, archive), place])
  return join(place, file)
}
