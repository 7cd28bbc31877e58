import { messageWithCauses } from '../sys/log.ts'

/** A wrong call or configuration: exit status 2. The text says what was found, what was wanted, what to do next. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something that needs rights or packages which are not there: exit status 77. The text names what to type. */
export class PermissionError extends Error {
  override readonly name = 'PermissionError'
}

/** Stopped by the person at the terminal, or by a signal: exit status 130. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
}

/** Says on standard error why the program ends, and sets its exit status: 2 wrong usage, 77 no permission, else 1. */
export function reportFailure(error: unknown): void {
  process.stderr.write(`netroot: ${messageWithCauses(error)}\n`)
  if (process.env['NETROOT_DEBUG'] !== undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  process.exitCode = exitStatusOf(error)
}

function exitStatusOf(error: unknown): number {
  const name = error instanceof Error ? error.name : ''
  if (name === 'UsageError' || name === 'ConfigError') return 2
  if (name === 'InterruptedError') return 130
  return name === 'PermissionError' ? 77 : 1
}
