import { Command, InvalidArgumentError } from 'commander'
import type { BootsReader } from '../fleet/boots-reader.ts'
import type { Phase } from '../fleet/phase.ts'
import { formatSeconds } from '../fleet/units.ts'
import { follow, machineName, openBoots, STATE_OPTION, untilStopped } from './boots-database.ts'
import { bootsShowCommand } from './boots-show.ts'
import { EventLines } from './event-lines.ts'
import { jsonText, localTime, type Print, toStdout } from './terminal.ts'
import { table } from './text.ts'

interface BootsOptions {
  readonly state?: string
  readonly json?: boolean
  readonly follow?: boolean
  readonly limit: number
}

/** `netroot boots`: the boots of all machines. */
export function bootsCommand(print: Print = toStdout): Command {
  return new Command('boots')
    .description('List the boots of all machines, the newest first')
    .option(...STATE_OPTION)
    .option('--limit <count>', 'how many', positive, 20)
    .option('-f, --follow', 'show what happens in all boots, as it happens')
    .option('--json', 'print JSON; with --follow one event a line')
    .addHelpText('after', EXAMPLES)
    .addCommand(bootsShowCommand(print))
    .action(async (options: BootsOptions) => {
      using open = openBoots(options.state)
      if (options.follow === true) return await followAll(open.boots, options.json === true, print)
      print(listText(open.boots, options))
    })
}

const EXAMPLES = `
Examples:
  netroot boots                 the last twenty
  netroot boots --follow        watch machines boot
  netroot boots show k7m2qa     the story of one boot
  netroot why pc7               why the machine pc7 does not boot`

function listText(boots: BootsReader, { json, limit }: BootsOptions): string {
  const list = boots.list(limit)
  if (json === true) return jsonText(list)
  if (list.length === 0) return 'No machine has booted yet; switch one on\n'
  const rows = list.map((boot) => [
    boot.id,
    machineName(boot),
    boot.address ?? '-',
    localTime(boot.beganAt),
    formatSeconds((boot.lastAt - boot.beganAt) / 1000),
    PHASE_WORDS[boot.phase],
  ])
  return table([['BOOT', 'MACHINE', 'ADDRESS', 'BEGAN', 'LASTED', 'CAME TO'], ...rows])
}

/** How far a boot came, in one word or two. */
const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  firmware: 'firmware',
  loader: 'boot loader',
  kernel: 'kernel sent',
  initramfs: 'initramfs',
  root: 'root mounted',
  system: 'system started',
  alive: 'alive',
  failed: 'failed',
  ended: 'switched off',
}

/** Shows events of all boots from now on. */
async function followAll(boots: BootsReader, json: boolean, print: Print): Promise<void> {
  const lines = new EventLines(boots, json)
  for await (const stored of follow((sequence) => boots.eventsAfter(sequence), boots.lastSequence(), untilStopped())) {
    print(lines.line(stored))
  }
}

function positive(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('want a number from 1')
  return value
}
