import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { appletDirectory, type Shell } from './machine.ts'

const LIBRARY = resolve(import.meta.dirname, '../../client/lib')

/** What every script begins with: the functions of client/lib, and words that are not understood shown on a line. */
const PROLOGUE = `
for file in "$LIBRARY"/*.sh; do . "$file"; done
unknown_word() { echo "unknown $1 ($2)"; }
`

/**
 * Runs scripts in turn with the functions of `client/lib`, each in a shell of its own.
 *
 * @param root the machine's directory, `$ROOT`
 * @returns what each of them wrote
 */
export function sourced(shell: Shell, scripts: readonly string[], root = '/nonexistent'): string[] {
  const bin = appletDirectory()
  const program = join(bin, shell === 'busybox' ? 'sh' : 'dash')
  const script = PROLOGUE + scripts.map((one) => `(${one}\n)\necho '=== end'\n`).join('')
  const { stdout, stderr } = spawnSync(program, ['-c', script], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: bin, ROOT: root, MOCK: '', LIBRARY },
  })
  if (stderr !== '') throw new Error(`the script complains: ${stderr}`)
  return stdout.split('=== end\n').slice(0, -1)
}
