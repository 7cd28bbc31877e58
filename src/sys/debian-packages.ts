import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { type DebianMirror, hostMirror } from './debian-mirror.ts'
import { writeFileAtomic } from './files.ts'
import { CommandError, run } from './run.ts'

/** A package out of Debian's archive, kept in the cache. */
export interface DebianPackage {
  readonly name: string
  readonly version: string
  /** `amd64`, `arm64`, … or `all`. */
  readonly architecture: string
  /** Path of the .deb file. */
  readonly path: string
  /** SHA-256 of the .deb file, in hex. */
  readonly digest: string
}

export interface DebianRequest {
  readonly packages: readonly string[]
  /** Such as `trixie`. */
  readonly suite: string
  /** Debian's name of the architecture, such as `amd64`. It need not be this host's. */
  readonly architecture: string
  /** Component of the archive beside `main`, such as `non-free-firmware`. */
  readonly component?: string
  /** Where the packages are kept; no network is needed for those that are there. */
  readonly cacheDir: string
  /** The host's own mirror where it is not given. */
  readonly mirror?: DebianMirror
  readonly signal?: AbortSignal
}

/** Keys of Debian's archive, from the package debian-archive-keyring. */
const ARCHIVE_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * Packages from Debian's archive, by name: from the cache where they are in it, whole and undamaged, else by apt with
 * a state of its own, which checks the archive's signature. Nothing is installed, no root privileges are needed, and
 * what this host has installed plays no part.
 *
 * @throws {Error} if apt cannot fetch one; what it said stands in the message
 */
export async function fetchDebianPackages(request: DebianRequest): Promise<ReadonlyMap<string, DebianPackage>> {
  const shelf = resolve(request.cacheDir, `${request.suite}-${request.architecture}`)
  await mkdir(shelf, { recursive: true })
  const found = await Promise.all(request.packages.map(async (name) => [name, await kept(shelf, name)] as const))
  const missing = found.flatMap(([name, known]) => (known === undefined ? [name] : []))
  const fetched = missing.length === 0 ? [] : await download(request, shelf, missing)
  return new Map([
    ...found.flatMap(([name, known]) => (known === undefined ? [] : [[name, known] as const])),
    ...fetched,
  ])
}

/**
 * The content of one file of a package, read without unpacking the rest.
 *
 * @param member path inside the package, such as `usr/bin/busybox`
 * @throws {Error} if the package has no such file
 */
export async function readDebianFile(deb: DebianPackage, member: string): Promise<Buffer> {
  const archive = await run('dpkg-deb', ['--fsys-tarfile', deb.path])
  try {
    return await run('tar', ['-xOf', '-', `./${member}`], { input: archive })
  } catch (cause) {
    throw new Error(`Cannot take ${member} out of ${basename(deb.path)}`, { cause })
  }
}

/** What the cache says of a package; undefined where it has none or the file is not what it was. */
async function kept(shelf: string, name: string): Promise<DebianPackage | undefined> {
  try {
    const record = JSON.parse(await readFile(recordPath(shelf, name), 'utf8')) as DebianPackage
    const known = { ...record, path: join(shelf, basename(record.path)) } // the cache may have moved
    return (await digestOf(known.path)) === known.digest ? known : undefined
  } catch {
    return undefined
  }
}

async function download(
  request: DebianRequest,
  shelf: string,
  names: readonly string[],
): Promise<[string, DebianPackage][]> {
  const mirror = request.mirror ?? (await hostMirror())
  await sweep(shelf)
  const state = await mkdtemp(join(shelf, '.apt-'))
  try {
    const options = ['-q', '-c', await writeAptConfig(state, request, mirror)]
    const abort = request.signal === undefined ? {} : { signal: request.signal }
    await run('apt-get', [...options, 'update'], abort)
    const debs = join(state, 'debs')
    await mkdir(debs)
    await run('apt-get', [...options, 'download', ...names], { cwd: debs, ...abort })
    const files = await readdir(debs)
    return await Promise.all(files.map((file) => shelve(shelf, join(debs, file))))
  } catch (cause) {
    const what = `${names.join(', ')} of Debian ${request.suite} (${request.architecture})`
    throw new Error(`Cannot fetch ${what} from ${mirror.uri}${hint(cause)}`, { cause })
  } finally {
    await rm(state, { recursive: true, force: true })
  }
}

/** Removes the state of fetches that were killed: none takes an hour. */
async function sweep(shelf: string): Promise<void> {
  for (const name of (await readdir(shelf)).filter((entry) => entry.startsWith('.apt-'))) {
    const path = join(shelf, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() })) // its owner may just remove it
    if (Date.now() - mtimeMs > 3_600_000) await rm(path, { recursive: true, force: true })
  }
}

/** Two fetching at once each have their own state, so neither waits for the other's lock or sees half of its lists. */
async function writeAptConfig(state: string, request: DebianRequest, mirror: DebianMirror): Promise<string> {
  const directories = ['lists/partial', 'archives/partial', 'none']
  await Promise.all(directories.map((name) => mkdir(join(state, name), { recursive: true })))
  const key = mirror.keyring ?? ((await exists(ARCHIVE_KEYRING)) ? ARCHIVE_KEYRING : undefined)
  const signedBy = key === undefined ? '' : `[signed-by=${key}] `
  const components = request.component === undefined ? 'main' : `main ${request.component}`
  await writeFile(join(state, 'sources.list'), `deb ${signedBy}${mirror.uri} ${request.suite} ${components}\n`)
  await writeFile(join(state, 'status'), '')
  const settings = {
    'Dir::State': state,
    'Dir::State::status': join(state, 'status'),
    'Dir::Cache': state,
    'Dir::Etc::sourcelist': join(state, 'sources.list'),
    'Dir::Etc::sourceparts': join(state, 'none'),
    'Dir::Etc::preferences': join(state, 'no-preferences'),
    'Dir::Etc::preferencesparts': join(state, 'none'),
    'APT::Architecture': request.architecture,
    'APT::Architectures': request.architecture,
    'APT::Sandbox::User': '', // as root, apt would hand over to a user who cannot write here
    'APT::Update::Error-Mode': 'any', // else an unreachable mirror is only a warning
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
  }
  const path = join(state, 'apt.conf')
  await writeFile(
    path,
    Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join(''),
  )
  return path
}

/** Moves a downloaded package to its place and notes what it is; the note comes last, so it never names half a file. */
async function shelve(shelf: string, file: string): Promise<[string, DebianPackage]> {
  const [name = '', version = '', architecture = ''] = await Promise.all(
    ['Package', 'Version', 'Architecture'].map(async (field) =>
      (await run('dpkg-deb', ['-f', file, field])).toString().trim(),
    ),
  )
  const digest = await digestOf(file)
  const path = join(shelf, basename(file))
  await rename(file, path)
  const known = { name, version, architecture, path, digest }
  await writeFileAtomic(
    recordPath(shelf, name),
    `${JSON.stringify({ ...known, path: basename(path) }, undefined, 2)}\n`,
  )
  return [name, known]
}

function hint(cause: unknown): string {
  const unstarted = cause instanceof CommandError && cause.status === undefined
  return unstarted ? ': apt-get and dpkg-deb could not be run; install the packages apt and dpkg' : ''
}

function recordPath(shelf: string, name: string): string {
  return join(shelf, `${name}.json`)
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
