import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type DebianMirror, hostMirror, hostSecurityMirror } from '../sys/debian-mirror.ts'

/** What somebody asks for; all of it can be left out. */
export interface RecipeOptions {
  /** Suite of Debian: `trixie`. */
  readonly suite?: string
  /** URLs, or whole `deb …` lines. Else the mirrors that this host uses. */
  readonly mirrors?: readonly string[]
  /** Added to the usual ones. */
  readonly packages?: readonly string[]
  /** Debian's name; else this host's. */
  readonly arch?: string
  /** Of root, who cannot log in with one otherwise. */
  readonly password?: string
  /** Programs run with the root as their argument, when everything is installed. */
  readonly hooks?: readonly string[]
}

/** How an image is built: everything that its content depends on, but for the day. */
export interface Recipe {
  readonly suite: string
  /** Lines of sources.list. */
  readonly sources: readonly string[]
  readonly packages: readonly string[]
  readonly arch: string
  readonly password: string | undefined
  /** Absolute paths. */
  readonly hooks: readonly string[]
}

const KERNELS: Readonly<Record<string, string>> = {
  i386: 'linux-image-686-pae',
  armhf: 'linux-image-armmp-lpae',
  ppc64el: 'linux-image-powerpc64le',
}
const ARCHES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: 'i386', arm: 'armhf', ppc64: 'ppc64el' }
/** Beside the kernel: an init, somebody to log in and a way to do so, tools to see what is going on. */
const PACKAGES = [
  'systemd-sysv',
  'udev',
  'dbus',
  'libpam-systemd',
  'login',
  'passwd',
  'openssh-server',
  'iproute2',
  'iputils-ping',
  'netbase',
  'kmod',
  'procps',
  'less',
]

/** Suites that have `-updates` and `-security` beside them. */
const RELEASED = new Set(['stable', 'oldstable', 'bullseye', 'bookworm', 'trixie'])

/** Runs in the root when everything is installed. */
export const PREPARE = readFileSync(new URL('prepare-root.sh', import.meta.url), 'utf8')

/** Fills in what was not asked for. */
export async function makeRecipe(options: RecipeOptions = {}): Promise<Recipe> {
  const { suite = 'trixie', arch = ARCHES[process.arch] ?? process.arch, mirrors = [] } = options
  const asked = mirrors.map((mirror) => (mirror.startsWith('deb ') ? mirror : `deb ${mirror} ${suite} main`))
  const packages = [KERNELS[arch] ?? `linux-image-${arch}`, ...PACKAGES, ...(options.packages ?? [])]
  return {
    suite,
    sources: asked.length === 0 ? await hostSources(suite) : asked,
    packages: [...new Set(packages)].sort(),
    arch,
    password: options.password,
    hooks: (options.hooks ?? []).map((path) => resolve(path)),
  }
}

/** Lines of sources.list for a suite, from the mirrors that this host itself uses, else from Debian's own. */
async function hostSources(suite: string): Promise<string[]> {
  const main = await hostMirror()
  if (!RELEASED.has(suite)) return [sourceLine(main, suite)]
  const security = await hostSecurityMirror()
  const fixes = security === undefined ? [] : [sourceLine(security, `${suite}-security`)]
  return [sourceLine(main, suite), sourceLine(main, `${suite}-updates`), ...fixes]
}

/** Debian's own keys need not be named; they are in every image. */
function sourceLine({ uri, keyring }: DebianMirror, suite: string): string {
  const own = keyring === undefined || keyring.startsWith('/usr/share/keyrings/debian-archive-')
  return `deb ${own ? '' : `[signed-by=${keyring}] `}${uri} ${suite} main`
}

/** The same for the same recipe: SHA-256 of all of it, hooks by their content. */
export function recipeDigest(recipe: Recipe): string {
  const hooks = recipe.hooks.map((path) => readFileSync(path, 'latin1'))
  return createHash('sha256')
    .update(JSON.stringify({ ...recipe, hooks, prepare: PREPARE }))
    .digest('hex')
}
