import { createInterface } from 'node:readline'
import type { Imported, ImportOptions } from './import.ts'
import { importStream } from './import.ts'
import { isInstalled, isRoot, startLeashed } from './leash.ts'
import { PREPARE, type Recipe, recipeDigest } from './recipe.ts'
import { StoreError } from './release.ts'
import type { ReleaseStore } from './store.ts'

/** A program that building needs and that is not installed. The text says what to type. */
export class MissingProgramError extends Error {
  override readonly name = 'MissingProgramError'
}

export interface BuildOptions extends ImportOptions {
  /** Is told what mmdebstrap is doing, a line at a time. */
  readonly onLine?: (line: string) => void
}

const LAST_LINES = 15

/**
 * Builds an image from Debian's archive with mmdebstrap, which as root or as a user finds its own way, and makes it
 * the current release. The archive goes from its output straight into the store.
 *
 * @throws {MissingProgramError} without mmdebstrap
 * @throws {StoreError} with the last lines of mmdebstrap, if it fails
 */
export async function buildImage(
  store: ReleaseStore,
  image: string,
  recipe: Recipe,
  options: BuildOptions = {},
): Promise<Imported> {
  if (!(await isInstalled('mmdebstrap'))) {
    throw new MissingProgramError(
      'mmdebstrap is missing, it builds Debian images; install it: apt-get install mmdebstrap',
    )
  }
  await using work = await store.stage()
  const name = `Debian ${recipe.suite} (${recipe.arch})`
  const source = {
    name,
    verb: 'build' as const,
    recipe: recipeDigest(recipe),
    bytes: runMmdebstrap(recipe, work.directory, options),
  }
  return await importStream(store, image, source, options)
}

/** The current release of an image if it was built from this very recipe, else builds it. */
export async function ensureImage(
  store: ReleaseStore,
  image: string,
  recipe: Recipe,
  options: BuildOptions = {},
): Promise<Imported> {
  const current = (await store.image(image))?.releases[0]
  const info = current === undefined ? undefined : await store.info(current.digest).catch(() => undefined)
  if (info?.recipe === recipeDigest(recipe)) return { info, isNew: false }
  return buildImage(store, image, recipe, options)
}

async function* runMmdebstrap(recipe: Recipe, temporary: string, options: BuildOptions): AsyncGenerator<Uint8Array> {
  const { signal, onLine } = options
  const child = startLeashed(['mmdebstrap', ...mmdebstrapArguments(recipe)], environment(recipe, temporary))
  const lines: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line)
    if (lines.length > LAST_LINES) lines.shift()
    const told = /^([IWE]): (?!running --customize-hook)(.*)/.exec(line) // the text of a hook is many lines
    if (told?.[2] !== undefined) onLine?.(told[1] === 'I' ? told[2] : line)
  })
  const stop = (): unknown => child.stop()
  signal?.addEventListener('abort', stop)
  try {
    signal?.throwIfAborted()
    for await (const chunk of child.stdout) yield chunk as Uint8Array
    const [status, by] = await child.ended
    if (status !== 0) throw new StoreError(`mmdebstrap ended with ${by ?? `status ${status}`}:\n${lines.join('\n')}`)
  } finally {
    signal?.removeEventListener('abort', stop)
    await child.stop()
  }
}

function environment({ password }: Recipe, temporary: string): NodeJS.ProcessEnv {
  // INITRD=No: the machines get netroot's initramfs, and making one takes half of the time.
  const common = { ...process.env, LC_ALL: 'C.UTF-8', INITRD: 'No' }
  const secret = password === undefined ? {} : { NETROOT_ROOT_PASSWORD: password }
  // A user's mmdebstrap works as somebody else, who may not enter the store.
  return { ...common, ...secret, ...(isRoot() ? { TMPDIR: temporary } : {}) }
}

/** The command line; `-` is standard output. */
export function mmdebstrapArguments({ suite, sources, packages, arch, hooks }: Recipe): string[] {
  return [
    '--variant=minbase',
    '--format=tar',
    `--architectures=${arch}`,
    `--include=${packages.join(',')}`,
    ...hooks.map((path) => `--customize-hook=${path}`),
    `--customize-hook=${PREPARE}`, // the text, not the path: a user's mmdebstrap runs it as somebody who may not read it
    suite,
    '-',
    ...sources,
  ]
}
