import { ClientRule, grantTo } from '../protocols/nfs/client-rule.ts'
import { type Policy, READ_ONLY, type Squash } from '../protocols/nfs/policy.ts'
import { UsageError } from './failure.ts'

/** An export as it was given: `NAME=PATH[,WORD…]`. */
export interface ExportWords {
  readonly name: string
  readonly path: string
  readonly writes: boolean
  readonly policy: Policy
  /** For an archive with writes: the directory that takes them. */
  readonly upper: string | undefined
}

/** Words of exports(5) that say what this server does anyway. */
const TRUE_ANYWAY = ['no_subtree_check', 'insecure', 'no_wdelay', 'hide', 'nohide', 'crossmnt']
const PLAIN = ['ro', 'rw', 'sync', 'async', 'root_squash', 'no_root_squash', 'all_squash', ...TRUE_ANYWAY]
const WITH_VALUE = ['client', 'anonuid', 'anongid', 'upper']
const IS_WORD = new RegExp(`^(?:${PLAIN.join('|')}|(?:${WITH_VALUE.join('|')})=[^=]*)$`)

/** What may follow the path, for `--help`. */
export const EXPORT_WORDS_HELP = `
Words after the path, as in exports(5):
  ro, rw             read-only (the default), or to write as well; an archive with rw needs upper=
  client=ADDRESS     for this machine, or NETWORK/BITS, alone; may be given several times
  root_squash        whoever is root there is nobody here (the default with rw)
  no_root_squash     root is root (the default with ro); with rw for more than one machine say it twice
  all_squash         everybody is nobody
  anonuid=N anongid=N  who nobody is, 65534 otherwise
  sync, async        new names are on the disk before the answer (the default), or some seconds later
  upper=DIRECTORY    of an archive: what is written goes there, and is seen in its place`

/**
 * Reads an export. Words are taken from the end, so a path may have commas.
 *
 * @param rw what `--rw` says for those without a word of their own
 * @throws {UsageError}
 */
export function parseExport(spec: string, rw = false): ExportWords {
  const match = /^([^=/]+)=(.+)$/s.exec(spec)
  const [, name = '', rest = ''] = match ?? []
  if (match === null || name === '.' || name === '..') {
    throw new UsageError(`Cannot export "${spec}", want NAME=DIRECTORY or NAME=TAR, the name without /`)
  }
  const parts = rest.split(',')
  let first = parts.length
  while (first > 1 && IS_WORD.test(parts[first - 1] ?? '')) first -= 1
  const words = parts.slice(first)
  const writes = lastOf(words, ['rw', 'ro']) === 'rw' || (rw && !words.includes('ro'))
  const policy = policyOf(name, words, writes)
  return { name, path: parts.slice(0, first).join(','), writes, policy, upper: valueOf(words, 'upper') }
}

function policyOf(name: string, words: readonly string[], writes: boolean): Policy {
  const clients = words.filter((word) => word.startsWith('client=')).map((word) => word.slice('client='.length))
  const rule = asUsage(name, () => new ClientRule(clients))
  const squash = squashOf(words, writes)
  if (writes && squash === 'none' && !rule.isOne && words.filter((word) => word === 'no_root_squash').length < 2) {
    throw new UsageError(
      `Cannot export ${name} with rw and no_root_squash to more than one machine: root of any of them could change ` +
        'the files of all, set-user-id programs too. Give each its own, with client=ADDRESS; or leave no_root_squash ' +
        'away; or, if that is what you want, write no_root_squash twice',
    )
  }
  const anonymous = { uid: idOf(name, words, 'anonuid'), gid: idOf(name, words, 'anongid') }
  return grantTo(rule, { writes, squash, anonymous, sync: lastOf(words, ['sync', 'async']) !== 'async' })
}

function squashOf(words: readonly string[], writes: boolean): Squash {
  const word = lastOf(words, ['no_root_squash', 'root_squash', 'all_squash'])
  if (word === undefined) return writes ? 'root' : 'none'
  return word === 'all_squash' ? 'all' : word === 'root_squash' ? 'root' : 'none'
}

function idOf(name: string, words: readonly string[], key: string): number {
  const value = valueOf(words, key)
  if (value === undefined) return READ_ONLY.anonymous.uid
  const id = Number(value)
  if (!/^\d{1,10}$/.test(value) || id > 0xffff_ffff)
    throw new UsageError(`Cannot export ${name}: ${key} is "${value}", want a number`)
  return id
}

function lastOf(words: readonly string[], known: readonly string[]): string | undefined {
  return words.findLast((word) => known.includes(word))
}

function valueOf(words: readonly string[], key: string): string | undefined {
  return words.findLast((word) => word.startsWith(`${key}=`))?.slice(key.length + 1)
}

function asUsage<T>(name: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`Cannot export ${name}: ${error.message}`)
    throw error
  }
}
