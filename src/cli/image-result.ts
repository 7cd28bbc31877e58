import type { Imported, ImportProgress } from '../image/import.ts'
import { bytesText, printJson } from './text.ts'

/** Options that every `netroot image` command has. */
export interface ImageOptions {
  readonly store?: string
  readonly json?: boolean
}

/** Says what came into the store. */
export function printImported(name: string, { info, isNew }: Imported, json: boolean | undefined): void {
  if (json === true) return printJson({ image: name, isNew, ...info })
  const kernel = info.kernels[0]?.version ?? 'none'
  const what = `${info.system}, ${info.arch}, kernel ${kernel}, ${bytesText(info.size)}, ${info.entries} entries`
  const state = isNew ? 'is' : 'was there already and is'
  process.stdout.write(`${what}\nRelease ${info.digest} ${state} now the current one of image ${name}\n`)
}

/** `written 120.0 MB, read 45 % of 98.1 MB`. */
export function progressText({ read, total, written }: ImportProgress): string {
  const share =
    total === undefined ? '' : `, read ${Math.floor((read / Math.max(total, 1)) * 100)} % of ${bytesText(total)}`
  return `written ${bytesText(written)}${share}`
}
