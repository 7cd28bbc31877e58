import { isUtf8 } from 'node:buffer'
import { CommandError, run } from '../sys/run.ts'
import { type ByteString, byteStringFrom } from '../wire/bytestring.ts'
import { hex } from '../wire/hex.ts'

/** By path relative to the directory that was read (`.` is itself), only files that have any. */
export type XattrsByPath = ReadonlyMap<ByteString, ReadonlyMap<string, Uint8Array>>

/**
 * Extended attributes of one file, symlinks not followed. Node cannot read them, so the program `getfattr` does; its
 * arguments are text, hence a path that is not UTF-8 has none.
 */
export async function readXattrs(path: Buffer): Promise<ReadonlyMap<string, Uint8Array>> {
  if (!isUtf8(path)) return new Map()
  const output = await getfattr(['--absolute-names', '--', path.toString()])
  for (const xattrs of (output ?? new Map()).values()) return xattrs
  return new Map()
}

/** Those of a whole directory in one go, or undefined where there is no `getfattr`. */
export async function readXattrsBelow(directory: string): Promise<XattrsByPath | undefined> {
  const found = await getfattr(['--recursive', '--physical', '--', '.'], directory)
  return found === undefined
    ? undefined
    : new Map([...found].map(([path, xattrs]) => [path.replace(/^\.\//, ''), xattrs]))
}

async function getfattr(args: readonly string[], cwd?: string): Promise<XattrsByPath | undefined> {
  const flags = ['--no-dereference', '--dump', '--match=-', '--encoding=hex']
  try {
    return parseDump(await run('getfattr', [...flags, ...args], cwd === undefined ? {} : { cwd }))
  } catch (error) {
    if (error instanceof CommandError && error.status === undefined) return undefined
    throw error
  }
}

/**
 * Reads what `getfattr --dump --encoding=hex` writes: blocks of `# file: NAME`, then `name=0xVALUE` lines. In names a
 * backslash, newline and equals sign stand as `\NNN` octal.
 */
export function parseDump(output: Uint8Array): XattrsByPath {
  const found = new Map<ByteString, Map<string, Uint8Array>>()
  let current = new Map<string, Uint8Array>()
  for (const line of byteStringFrom(output).split('\n')) {
    if (line.startsWith('# file: ')) {
      current = new Map()
      found.set(unescape(line.slice('# file: '.length)), current)
    }
    const match = /^([^#=]+)=(?:0x([0-9a-f]*))?$/i.exec(line)
    if (match?.[1] !== undefined) current.set(unescape(match[1]), hex(match[2] ?? ''))
  }
  return found
}

function unescape(text: string): ByteString {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
