import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readChecked, wrongImports } from './check-imports.ts'
import { allIds, idsInTitles } from './requirement-ids.ts'
import { requirementsPageProblems } from './requirements.ts'
import { shellFiles, trackedFiles } from './shell-files.ts'

const files = trackedFiles().filter((file) => existsSync(file))
const shell = shellFiles().filter((file) => existsSync(file))
let failures = 0

/** Shows one check's result: quiet when it is fine. */
function verdict(name: string, problems: readonly string[], began: number): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  process.stdout.write(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)\n`)
  for (const problem of problems) process.stdout.write(`     ${problem.replaceAll('\n', '\n     ')}\n`)
  if (problems.length > 0) failures += 1
}

function program(name: string, command: string, args: readonly string[]): void {
  const began = performance.now()
  const result = spawnSync(command, args, { encoding: 'utf8' })
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`.trim()
  verdict(name, result.status === 0 ? [] : [output], began)
}

function own(name: string, problems: () => string[]): void {
  const began = performance.now()
  verdict(name, problems(), began)
}

function unknownIds(): string[] {
  const known = new Set(allIds())
  const tests = files.filter((file) => /\.test\.(?:ts|sh)$/.test(file))
  return tests.flatMap((file) =>
    idsInTitles(readChecked(file))
      .filter((id) => !known.has(id))
      .map((id) => `${file}: [${id}] is no requirement`),
  )
}

program('types', 'tsc', ['-p', '.'])
program('lint', 'oxlint', ['--type-aware', 'src', 'test', 'tools', 'bench'])
program('format', 'biome', ['format', '.'])
program('unused code', 'knip', [])
own('import direction', () =>
  wrongImports(
    files.filter((file) => /^src\/.*\.ts$/.test(file)),
    readChecked,
  ),
)
own('requirement ids', unknownIds)
own('docs/requirements.md', requirementsPageProblems)
program('shell lint', 'shellcheck', ['-x', ...shell])
program('shell format', 'shfmt', ['-d', '-i', '2', '-ci', '-ln', 'posix', ...shell])
process.exitCode = failures === 0 ? 0 : 1
