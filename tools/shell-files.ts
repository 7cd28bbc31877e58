import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The shell scripts of the checkout, by name or by first line. */
export function shellFiles(): string[] {
  return trackedFiles().filter((file) => file.endsWith('.sh') || (!file.includes('.') && isShell(file)))
}

/** Files that git tracks or would track. */
export function trackedFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  return list.split('\n').filter((file) => file !== '')
}

function isShell(file: string): boolean {
  try {
    return /^#!\S*\/(?:busybox )?sh\b/.test(readFileSync(file, 'utf8').slice(0, 80))
  } catch {
    return false // deleted, or a directory
  }
}

if (import.meta.main) process.stdout.write(`${shellFiles().join('\n')}\n`)
