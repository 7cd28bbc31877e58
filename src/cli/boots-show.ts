import { Command } from 'commander'
import { architectureName } from '../fleet/architectures.ts'
import type { Boot, BootsReader, StoredEvent } from '../fleet/boots-reader.ts'
import { diagnose } from '../fleet/diagnosis.ts'
import { storyOf, storyRow, totalsOf } from '../fleet/story.ts'
import { TIMELINE_HEADER, timelineLine, totalsLine } from '../fleet/timeline.ts'
import { logText } from './boot-log.ts'
import { findBoot, follow, machineName, openBoots, STATE_OPTION, untilStopped } from './boots-database.ts'
import { jsonText, localTime, paint, type Print } from './terminal.ts'
import { verdictLine } from './verdict.ts'

interface ShowOptions {
  readonly state?: string
  readonly json?: boolean
  readonly follow?: boolean
  readonly log?: boolean
}

/** `netroot boots show ID`: the story of one boot. */
export function bootsShowCommand(print: Print): Command {
  return new Command('show')
    .description('Show what happened in one boot: seconds since power-on, since the step before, bytes')
    .argument('<boot>', "a boot's id; or a client's name, a MAC address, an IP address: then its latest boot")
    .option(...STATE_OPTION)
    .option('-f, --follow', 'go on showing what happens, until the machine is switched off')
    .option('--log', 'print the log that the machine sent, all of it')
    .option('--json', 'print JSON; with --follow one event a line')
    .action(async (which: string, own: ShowOptions, command: Command) => {
      const options = { ...command.parent?.opts<ShowOptions>(), ...own }
      using open = openBoots(options.state)
      const boot = findBoot(open.boots, which)
      if (options.log === true) return print(logText(open.logs.of(boot.id), options.json === true))
      if (options.follow === true) return await followOne(open.boots, boot, options.json === true, print)
      print(storyText(boot, open.boots.events(boot.id), options.json === true))
    })
}

function storyText(boot: Boot, stored: readonly StoredEvent[], json: boolean): string {
  const events = stored.map(({ event }) => event)
  const rows = storyOf(events)
  const diagnosis = diagnose(events, Date.now())
  if (json) return jsonText({ boot, steps: rows, totals: totalsOf(events), diagnosis, events })
  const lines = [
    ...heading(boot),
    ...rows.map((row) => paint(row.tone, timelineLine(row))),
    '',
    ...[totalsLine(totalsOf(events))].filter((line) => line !== ''),
    verdictLine(diagnosis),
    ...(diagnosis.next.length === 0 ? [] : [`netroot why ${boot.id} says what to do`]),
  ]
  return `${lines.join('\n')}\n`
}

async function followOne(boots: BootsReader, boot: Boot, json: boolean, print: Print): Promise<void> {
  if (!json) print(`${heading(boot).join('\n')}\n`)
  let previousAt: number | undefined
  for await (const stored of follow((sequence) => boots.events(boot.id, sequence), 0, untilStopped())) {
    const row = storyRow(stored.event, boot.beganAt, previousAt)
    print(`${json ? JSON.stringify(stored) : paint(row.tone, timelineLine(row))}\n`)
    previousAt = stored.event.at
    if (stored.event.type === 'report.shutdown') return
  }
}

function heading(boot: Boot): string[] {
  const { machine, address } = boot
  const facts = [
    ...(boot.name === '' ? [] : [machine.mac]),
    ...(address === undefined ? [] : [address]),
    ...(machine.architecture === undefined ? [] : [architectureName(machine.architecture)]),
  ]
  const began = `boot ${boot.id}, began ${localTime(boot.beganAt)}`
  return [paint('strong', [machineName(boot), ...facts, began].join(' · ')), paint('faint', TIMELINE_HEADER)]
}
