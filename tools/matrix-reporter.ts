import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'

/** One test of the matrix, as the runner told of it. */
interface MatrixRow {
  readonly file: string
  readonly name: string
  readonly passed: boolean
  readonly seconds: number
}

/**
 * A reporter of `node:test` which writes the page docs/matrix.md: what was tried, on what, how it ended. The page is
 * written once, at the end, so a run that was broken off leaves no half of it.
 */
export default async function* matrixPage(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const rows: MatrixRow[] = []
  for await (const event of events) {
    const row = rowOf(event)
    if (row !== undefined) rows.push(row)
  }
  yield pageOf(rows)
}

/** Only what the runner ran as a test of its own: files and suites are counted through their tests. */
function rowOf(event: TestEvent): MatrixRow | undefined {
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return undefined
  const { data } = event
  if (data.details.type === 'suite' || data.file === undefined || data.name.endsWith('.test.ts')) return undefined
  return {
    file: relative(process.cwd(), data.file),
    name: data.name,
    passed: event.type === 'test:pass',
    seconds: data.details.duration_ms / 1000,
  }
}

/** The page in Markdown, a table for each file, in the order in which they ran. */
export function pageOf(rows: readonly MatrixRow[]): string {
  const failed = rows.filter((row) => !row.passed).length
  const minutes = rows.reduce((sum, row) => sum + row.seconds, 0) / 60
  const head = [
    '# What was booted',
    '',
    'The result of the last `npm run test:matrix`, written by it. Every machine is a virtual one.',
    '',
    `${new Date().toISOString().slice(0, 10)}, commit ${commit()}, ${hostLine()}: ${rows.length - failed} passed, ` +
      `${failed} failed, ${minutes.toFixed(0)} minutes.`,
    '',
  ]
  const files = [...new Set(rows.map((row) => row.file))]
  return [...head, ...files.flatMap((file) => tableOf(file, rows))].join('\n')
}

function tableOf(file: string, rows: readonly MatrixRow[]): string[] {
  const lines = rows
    .filter((row) => row.file === file)
    .map(({ name, passed, seconds }) => `| ${cell(name)} | ${passed ? 'yes' : '**no**'} | ${seconds.toFixed(0)} |`)
  return [`## ${file}`, '', '| test | passed | seconds |', '|---|---|---|', ...lines, '']
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function commit(): string {
  return spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout.trim() || 'unknown'
}

function hostLine(): string {
  const processors = cpus()
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}`
}
