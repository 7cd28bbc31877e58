import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** The rooms of src/, from the ground up: a room imports from itself and from rooms before it. */
export const ROOMS = [
  'wire',
  'net',
  'sys',
  'formats',
  'storage',
  'protocols',
  'config',
  'image',
  'initramfs',
  'fleet',
  'boot',
  'exports',
  'server',
  'lab',
  'cli',
] as const

/** Configuration reaches neither codecs nor servers: only these rooms may import it. */
const READ_CONFIG = new Set(['config', 'boot', 'exports', 'server', 'lab', 'cli'])

/** One import that runs the wrong way, in words. */
export function wrongImports(files: readonly string[], read: (file: string) => string): string[] {
  return files.flatMap((file) => importsOf(read(file)).flatMap((target) => judge(file, target)))
}

function importsOf(source: string): string[] {
  return [...source.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '')
}

function judge(file: string, target: string): string[] {
  const room = roomOf(file)
  const wanted = roomOf(normalize(join(dirname(file), target)))
  if (room === undefined || room === wanted) return []
  if (wanted === undefined) return isTest(file) ? [] : [`${file} imports ${target}, which is outside src/`]
  if (rank(wanted) < 0) return [`${file} imports ${target}: src/${wanted} is no room of tools/check-imports.ts`]
  if (rank(wanted) > rank(room)) return [`${file} imports ${target}: src/${wanted} stands above src/${room}`]
  if (wanted === 'config' && !READ_CONFIG.has(room))
    return [`${file} imports ${target}: src/${room} must not see the configuration`]
  return []
}

function isTest(file: string): boolean {
  return file.endsWith('.test.ts')
}

function roomOf(file: string): string | undefined {
  return /^src\/([^/]+)\//.exec(file)?.[1]
}

function rank(room: string): number {
  return ROOMS.findIndex((name) => name === room)
}

/** Reads a file of the checkout. */
export function readChecked(file: string): string {
  return readFileSync(file, 'utf8')
}
