import { basename } from 'node:path'
import type { CpioFile } from '../formats/cpio/entry.ts'
import { elfDynamic } from '../formats/elf-dynamic.ts'
import { byteStringOf, textOf } from '../wire/bytestring.ts'

/** The content of a library by the name that programs ask for it, such as `libz.so.1`; undefined where there is none. */
export type FindLibrary = (name: string) => Promise<Uint8Array | undefined>

/**
 * What dynamically linked programs need to run: their loader where they look for it, and in `/lib` each library, with those
 * that it needs itself. Without a cache file Debian's loader looks there, whatever the architecture.
 *
 * @throws {Error} if a library or the loader is not found
 */
export async function librariesOf(programs: readonly CpioFile[], find: FindLibrary): Promise<CpioFile[]> {
  const found = new Map<string, CpioFile>()
  const waiting = programs.map(({ name, content }) => ({ user: textOf(name), content }))
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    for (const [library, path] of wantedBy(next.content)) {
      if (found.has(library)) continue
      const content = await find(library)
      if (content === undefined)
        throw new Error(
          `Cannot find the library ${library}, which ${next.user} needs, in the packages that it depends on`,
        )
      found.set(library, { type: 'file', name: byteStringOf(path), mode: 0o755, content })
      waiting.push({ user: library, content })
    }
  }
  return [...found.values()]
}

/** Names and paths. The loader comes first: the C library names it once more, without a path. */
function wantedBy(content: Uint8Array): [library: string, path: string][] {
  const { interpreter, needed } = elfDynamic(content)
  const loader = interpreter === undefined ? [] : [interpreter]
  return [
    ...loader.map((path): [string, string] => [basename(path), path.slice(1)]),
    ...needed.map((name): [string, string] => [name, `lib/${name}`]),
  ]
}
