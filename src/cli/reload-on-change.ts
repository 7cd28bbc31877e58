import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '../config/load.ts'
import type { NetrootServer } from '../server/server.ts'
import { messageWithCauses } from '../sys/log.ts'

/** An editor writes a file in several steps. */
const SETTLED_MS = 300

export interface ReloadOptions {
  /** Told each time that a changed file is in force. */
  readonly done: () => void
  readonly signal: AbortSignal
}

/**
 * Lets a running server go by its file again: when the file has changed, and at SIGHUP whether it has or not, for file
 * systems that tell nobody of changes. A file with mistakes is named on standard error, and what was in force stays so.
 */
export function reloadOnChange(file: string, server: NetrootServer, { done, signal }: ReloadOptions): void {
  let last: Promise<void> = Promise.resolve()
  const again = (isAsked: boolean): void => {
    last = last.then(() => reload(isAsked)) // one after the other: the last file wins
  }
  let known: string | undefined
  const first = readFile(file, 'utf8').then(
    (text) => (known ??= text),
    () => undefined,
  )
  const reload = async (isAsked: boolean): Promise<void> => {
    await first
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (!isAsked && (text === known || text === undefined)) return
    known = text
    try {
      await server.reload(await loadConfig(file))
      done()
    } catch (error) {
      process.stderr.write(`netroot: ${messageWithCauses(error)}\nnetroot goes on by what it read of ${file} before\n`)
    }
  }
  const onHangUp = (): void => again(true)
  process.on('SIGHUP', onHangUp)
  signal.addEventListener('abort', () => process.off('SIGHUP', onHangUp))
  watchFile(file, () => again(false), signal)
}

/** Watches the directory: editors put a new file in the place of the old one. */
function watchFile(file: string, changed: () => void, signal: AbortSignal): void {
  const path = resolve(file)
  let isWaiting = false
  const settle = async (): Promise<void> => {
    if (isWaiting) return
    isWaiting = true
    await sleep(SETTLED_MS, undefined, { ref: false })
    isWaiting = false
    changed()
  }
  try {
    const watcher = watch(dirname(path), { signal, persistent: false }, (_, name) => {
      if (name === basename(path)) void settle()
    })
    watcher.on('error', () => undefined) // SIGHUP is left
  } catch {
    // no more watches on this host, or a file system without: SIGHUP is left
  }
}
