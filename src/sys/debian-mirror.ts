import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where Debian packages come from. */
export interface DebianMirror {
  /** Such as `http://mirror.example/debian`, without a slash at the end. */
  readonly uri: string
  /** Path of the keyring that the host names for it; apt's trusted keys otherwise. */
  readonly keyring?: string
}

/** This host names no mirror of Debian: another distribution, or no apt. The text says what to do. */
export class NoMirrorError extends Error {
  override readonly name = 'NoMirrorError'
}

/** Suites that only Debian's own archive has, so that an Ubuntu or a vendor's repository is not taken for it. */
const DEBIAN_SUITES = new Set(
  'stable oldstable testing unstable sid buster bullseye bookworm trixie forky duke'.split(' '),
)

interface Source {
  readonly uris: readonly string[]
  readonly suites: readonly string[]
  readonly components: readonly string[]
  readonly signedBy: string | undefined
}

/**
 * The mirror that this host takes its own Debian packages from.
 *
 * @throws {NoMirrorError} if it names none
 */
export async function hostMirror(aptDirectory = '/etc/apt'): Promise<DebianMirror> {
  const found = await firstMirror(aptDirectory, (suite) => DEBIAN_SUITES.has(suite))
  if (found !== undefined) return found
  throw new NoMirrorError(
    `Cannot find a mirror of Debian: ${aptDirectory} names none; add one to ${aptDirectory}/sources.list, or say --mirror URL where a command has it`,
  )
}

/** The mirror that this host takes Debian's security updates from, if it names one. */
export async function hostSecurityMirror(aptDirectory = '/etc/apt'): Promise<DebianMirror | undefined> {
  const isSecurity = (suite: string): boolean =>
    suite.endsWith('-security') && DEBIAN_SUITES.has(suite.slice(0, -'-security'.length))
  return firstMirror(aptDirectory, isSecurity)
}

async function firstMirror(
  aptDirectory: string,
  isWanted: (suite: string) => boolean,
): Promise<DebianMirror | undefined> {
  for (const { name, text } of await sourceFiles(aptDirectory)) {
    const mirror = mirrorIn(name.endsWith('.sources') ? parseStanzas(text) : parseLines(text), isWanted)
    if (mirror !== undefined) return mirror
  }
  return undefined
}

async function sourceFiles(directory: string): Promise<{ name: string; text: string }[]> {
  const parts = await readdir(join(directory, 'sources.list.d')).catch(() => [])
  const names = parts.filter((name) => /\.(?:list|sources)$/.test(name)).toSorted()
  const paths = ['sources.list', ...names.map((name) => join('sources.list.d', name))]
  const texts = await Promise.all(paths.map((path) => readFile(join(directory, path), 'utf8').catch(() => '')))
  return paths.map((name, index) => ({ name, text: texts[index] ?? '' }))
}

function mirrorIn(sources: readonly Source[], isWanted: (suite: string) => boolean): DebianMirror | undefined {
  for (const { uris, suites, components, signedBy } of sources) {
    const uri = uris.find((candidate) => /^(?:https?|ftp|file|mirror\+\w+):/.test(candidate))
    if (uri === undefined || !components.includes('main')) continue
    if (!suites.some(isWanted)) continue
    const keyring = signedBy?.startsWith('/') ? { keyring: signedBy } : {} // else a key's own text or fingerprint
    return { uri: uri.replace(/\/+$/, ''), ...keyring }
  }
  return undefined
}

/** The one-line form of sources.list(5): `deb [option=value …] uri suite component…`. */
function parseLines(text: string): Source[] {
  return text.split('\n').flatMap((line) => {
    const [, options = '', rest = ''] = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?([^#]*)/.exec(line) ?? []
    const [uri, suite, ...components] = words(rest)
    if (uri === undefined || suite === undefined) return []
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1]
    return [{ uris: [uri], suites: [suite], components, signedBy }]
  })
}

/** The deb822 form: stanzas of `Field: value`, continued on lines that begin with a blank. */
function parseStanzas(text: string): Source[] {
  const plain = text.replace(/^#.*\n?/gm, '')
  return plain.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>()
    for (const [, name = '', value = ''] of stanza.matchAll(/^([\w-]+):([^\n]*(?:\n[ \t][^\n]*)*)/gm)) {
      fields.set(name.toLowerCase(), value.trim())
    }
    const listOf = (name: string): string[] => words(fields.get(name) ?? '')
    if (!listOf('types').includes('deb') || /^(?:no|false|0)$/i.test(fields.get('enabled') ?? '')) return []
    const signedBy = fields.get('signed-by')
    return [{ uris: listOf('uris'), suites: listOf('suites'), components: listOf('components'), signedBy }]
  })
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}
