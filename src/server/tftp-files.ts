import type { LoaderFile } from '../boot/loaders/files.ts'

/**
 * The loader that a TFTP path means. Firmware adds what it likes before the name, so only the last part counts, and
 * nothing but loaders can be named.
 */
export function loaderAt(loaders: ReadonlyMap<string, LoaderFile>, path: string): LoaderFile | undefined {
  return loaders.get(path.split(/[/\\]/).at(-1) ?? '')
}
