import type { ByteString } from '../../wire/bytestring.ts'
import type { CpioEntry } from './entry.ts'

/**
 * The entries in an order that depends on their names only, with the directories above them that are not among them
 * (readable by all), so that the kernel finds every directory made before what is in it.
 */
export function completeTree(entries: readonly CpioEntry[]): CpioEntry[] {
  const names = new Set(entries.map(({ name }) => name))
  const parents = new Set(entries.flatMap(({ name }) => ancestorsOf(name)).filter((name) => !names.has(name)))
  const added = [...parents].map((name): CpioEntry => ({ type: 'directory', name, mode: 0o755 }))
  return [...entries, ...added].toSorted(byName)
}

function ancestorsOf(name: ByteString): ByteString[] {
  const parts = name.split('/')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
}

function byName(a: CpioEntry, b: CpioEntry): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
