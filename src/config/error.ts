/** One thing that is wrong in netroot.yaml. Lines and columns count from 1. */
export interface ConfigProblem {
  readonly line: number
  readonly column: number
  /** What was found and what was wanted. */
  readonly text: string
}

/** A configuration that cannot be used; the command ends with status 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly file: string
  /** All of them, in the order of the file. */
  readonly problems: readonly ConfigProblem[]

  constructor(file: string, problems: readonly ConfigProblem[], options?: ErrorOptions) {
    const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column)
    const lines = sorted.map((problem) => `${file}:${problem.line}:${problem.column}: ${problem.text}`)
    super(`Cannot use ${file}: ${count(sorted.length)}\n${lines.join('\n')}`, options)
    this.file = file
    this.problems = sorted
  }
}

function count(problems: number): string {
  return problems === 1 ? '1 mistake' : `${problems} mistakes`
}
