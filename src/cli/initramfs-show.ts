import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import type { CpioEntry } from '../formats/cpio/entry.ts'
import { moduleNameOfPath } from '../formats/kmod/module-name.ts'
import { inspectInitramfs, type Segment } from '../initramfs/inspect.ts'
import { textOf } from '../wire/bytestring.ts'
import { UsageError } from './failure.ts'
import { bytesText, printJson, table } from './text.ts'

interface ShowOptions {
  readonly files?: boolean
  readonly json?: boolean
}

/** What is told of an archive. */
interface Summary {
  readonly part: string
  readonly compression: string
  readonly offset: number
  readonly size: number
  readonly unpackedSize: number
  readonly entries: number
  readonly modules: readonly string[]
  readonly firmware: readonly string[]
  readonly files: readonly string[]
}

const EXAMPLES = `
Examples:
  netroot initramfs show initramfs
  netroot initramfs show --files /boot/initrd.img-6.12.57+deb13-amd64`

/** `netroot initramfs show FILE`. */
export function initramfsShowCommand(): Command {
  return new Command('show')
    .description('Show what an initramfs holds: its archives, their compression, files, modules and sizes')
    .argument('<file>')
    .option('--files', 'list all names')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: ShowOptions) => {
      const bytes = await readFile(file).catch((cause: unknown) => {
        throw new UsageError(`Cannot read ${file}`, { cause })
      })
      const summaries = (await inspectInitramfs(bytes)).map(summaryOf)
      if (options.json === true) return printJson(summaries)
      process.stdout.write(render(summaries, options.files === true))
    })
}

function summaryOf({ entries, ...segment }: Segment): Summary {
  const files = entries.map(({ name }) => textOf(name))
  return {
    part: partOf(entries),
    ...segment,
    entries: entries.length,
    modules: files.flatMap((name) => moduleNameOfPath(name) ?? []),
    firmware: files.filter((name, at) => /^(?:usr\/)?lib\/firmware\//.test(name) && entries[at]?.type !== 'directory'),
    files,
  }
}

/** Ours are known by what only they hold. */
function partOf(entries: readonly CpioEntry[]): string {
  const names = new Set(entries.map(({ name }) => name))
  if (names.has('kernel/x86/microcode')) return 'microcode'
  const ours = Object.entries(MARKS).flatMap(([part, mark]) => (names.has(mark) ? [part] : []))
  return ours.join('+') || '-'
}

/** What only that part holds. */
const MARKS = { tools: 'netroot/lib', drivers: 'netroot/drivers', client: 'netroot/plan' } as const

function render(summaries: readonly Summary[], names: boolean): string {
  const heading = ['PART', 'COMPRESSION', 'SIZE', 'UNPACKED', 'ENTRIES', 'MODULES', 'FIRMWARE']
  const rows = summaries.map(({ part, compression, size, unpackedSize, entries, modules, firmware }) => [
    part,
    compression,
    bytesText(size),
    bytesText(unpackedSize),
    ...[entries, modules.length, firmware.length].map(String),
  ])
  const list = names ? summaries.flatMap(({ files }) => files).map((name) => `${name}\n`) : []
  return table([heading, ...rows]) + list.join('')
}
