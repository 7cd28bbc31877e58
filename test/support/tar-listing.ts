import { run } from '../../src/sys/run.ts'

/** What GNU tar says of an entry. */
export interface TarLine {
  /** Such as `-rw-r--r--`; `h` in front for a hard link. */
  readonly mode: string
  readonly owner: string
  readonly size: number
  /** Without `./` in front. */
  readonly name: string
  /** Of a hard link: the name that it is a second one of. */
  readonly linkTo: string
}

/** The entries of an archive as GNU tar lists them, the root directory left out. */
export async function tarListing(tar: string): Promise<TarLine[]> {
  const options = ['--numeric-owner', '--quoting-style=literal', '-tvf', tar]
  const lines = (await run('tar', options)).toString().trimEnd().split('\n')
  return lines.map(parse).filter(({ name }) => name !== '')
}

function parse(line: string): TarLine {
  const [, mode = '', owner = '', size = '', rest = ''] = /^(\S+) +(\S+) +(\S+) \S+ \S+ (.*)$/.exec(line) ?? []
  const separator = mode.startsWith('h') ? ' link to ' : mode.startsWith('l') ? ' -> ' : '\n'
  const [name = '', linkTo = ''] = rest.split(separator)
  return { mode, owner, size: Number(size), name: plain(name), linkTo: plain(linkTo) }
}

function plain(path: string): string {
  return path.replace(/^\.\//, '').replace(/\/$/, '')
}
