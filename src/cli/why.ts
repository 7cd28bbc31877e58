import { Command } from 'commander'
import { type Diagnosis, diagnose } from '../fleet/diagnosis.ts'
import type { BootEvent } from '../fleet/events.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import { logText } from './boot-log.ts'
import { findBoot, machineName, openBoots, STATE_OPTION } from './boots-database.ts'
import { jsonText, localTime, paint, type Print, toStdout } from './terminal.ts'
import { verdictLine } from './verdict.ts'

interface WhyOptions {
  readonly state?: string
  readonly json?: boolean
  readonly log?: boolean
}

/** `netroot why CLIENT`: why its latest boot came no further, and what to do. */
export function whyCommand(print: Print = toStdout): Command {
  return new Command('why')
    .description('Say why a machine does not boot, and what to do')
    .argument('<client>', "a client's name, a MAC address, an IP address or a boot's id")
    .option(...STATE_OPTION)
    .option('--log', 'print the log that the machine sent, all of it')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  netroot why pc7\n  netroot why 52:54:00:12:34:56\n  netroot why k7m2qa\n  netroot why pc7 --log      what its kernel and its initramfs said',
    )
    .action((which: string, options: WhyOptions) => {
      using open = openBoots(options.state)
      const boot = findBoot(open.boots, which)
      if (options.log === true) return print(logText(open.logs.of(boot.id), options.json === true))
      const events = open.boots.events(boot.id).map(({ event }) => event)
      const diagnosis = diagnose(events, Date.now())
      if (options.json === true) return print(jsonText({ boot, diagnosis }))
      print(`${explain(boot, diagnosis, events).join('\n')}\n`)
    })
}

function explain(boot: Boot, diagnosis: Diagnosis, events: readonly BootEvent[]): string[] {
  return [
    paint('strong', `${machineName(boot)} · boot ${boot.id}, began ${localTime(boot.beganAt)}`),
    verdictLine(diagnosis),
    diagnosis.stopped,
    ...(diagnosis.next.length === 0
      ? []
      : ['', 'what to do:', ...diagnosis.next.map((one, at) => `  ${at + 1}. ${one}`)]),
    ...logOf(events, diagnosis),
    ...(diagnosis.verdict === 'alive' ? [] : ['', `netroot boots show ${boot.id} shows every step`]),
  ]
}

/** The end of the log that a failed machine sent. */
function logOf(events: readonly BootEvent[], { verdict }: Diagnosis): string[] {
  const failed = events.findLast((event) => event.type === 'report.failed')
  if (verdict !== 'failed' || failed === undefined || failed.log === '') return []
  return [
    '',
    'the last lines of its log:',
    ...failed.log
      .split('\n')
      .slice(-15)
      .map((line) => `  ${line}`),
  ]
}
