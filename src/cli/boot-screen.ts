import { diagnose } from '../fleet/diagnosis.ts'
import type { BootEvent } from '../fleet/events.ts'
import { storyRow, totalsOf } from '../fleet/story.ts'
import { TIMELINE_HEADER, timelineLine, totalsLine } from '../fleet/timeline.ts'
import type { Console } from '../lab/console.ts'
import type { LabNetwork } from '../lab/lab.ts'
import type { Firmware } from '../lab/platforms.ts'
import { Progress } from './progress.ts'
import { paint } from './terminal.ts'
import { verdictLine } from './verdict.ts'

/** What became of a virtual machine. */
export interface BootResult {
  readonly alive: boolean
  readonly prompt: boolean
}

export interface BootScreenOptions {
  /** Only events and the result, as JSON, one a line. */
  readonly json: boolean
  /** File of the picture. */
  readonly screenshot: string
  /** What to do next, shown when all went well. */
  readonly hints: readonly string[]
}

/** Shows the boot of a virtual machine: steps that lead to it, a live timeline, and how to go on. */
export class BootScreen {
  readonly #json: boolean
  readonly #screenshot: string
  readonly #hints: readonly string[]
  readonly #progress = new Progress()
  readonly #events: BootEvent[] = []
  #beganAt = 0
  #previousAt = 0

  constructor({ json, screenshot, hints }: BootScreenOptions) {
    this.#json = json
    this.#hints = hints
    this.#screenshot = screenshot
  }

  /** Is somebody at a terminal, who can be asked? */
  get isInteractive(): boolean {
    return !this.#json && process.stdin.isTTY && process.stdout.isTTY
  }

  /** Something that takes a while, on the way to the boot. */
  step(text: string): void {
    if (!this.#json) this.#progress.step(text)
  }

  /** What is booted. */
  title(text: string): void {
    this.#say(text)
  }

  serving({ bridge, address }: LabNetwork): void {
    this.#say(`server  DHCP, TFTP, HTTP and NFS on ${bridge} (${address}), in a network of its own`)
  }

  powerOn(firmware: Firmware): void {
    this.#beganAt = Date.now()
    this.#previousAt = this.#beganAt
    const kind = firmware === 'bios' ? 'BIOS' : 'UEFI'
    this.#say(`machine ${kind}, a network card, no disk: power on\n\n${paint('faint', TIMELINE_HEADER)}`)
  }

  /** One thing that happened in the boot. */
  event(event: BootEvent): void {
    this.#events.push(event)
    if (this.#json) process.stdout.write(`${JSON.stringify({ event })}\n`)
    else this.#row(event)
  }

  /** The machine's own login prompt is on its console. */
  prompt(): void {
    if (this.#json) return
    const at = Date.now()
    const row = { what: 'login prompt on its console', tone: 'good', type: 'report.alive', at } as const
    const times = { seconds: (at - this.#beganAt) / 1000, step: (at - this.#previousAt) / 1000 }
    this.#previousAt = at
    process.stdout.write(`${paint('good', timelineLine({ ...row, ...times }))}\n`)
  }

  picture(): void {
    this.#say(`\nscreen  ${this.#screenshot}`)
  }

  result(result: BootResult, { attachPath }: Console): void {
    if (this.#json) {
      process.stdout.write(`${JSON.stringify({ result: { ...result, ...totalsOf(this.#events) } })}\n`)
      return
    }
    if (!result.alive || !result.prompt) return this.#failure(result)
    this.#say(`result  ${totalsLine(totalsOf(this.#events))}`)
    this.#say(`console socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:${attachPath} while it is on (--keep)`)
    for (const hint of this.#hints) this.#say(hint)
  }

  #failure({ alive, prompt }: BootResult): void {
    const lacking = [...(alive ? [] : ['did not report itself alive']), ...(prompt ? [] : ['showed no login prompt'])]
    this.#say(paint('bad', `The machine ${lacking.join(' and ')}.`))
    const diagnosis = diagnose(this.#events, Date.now())
    this.#say([verdictLine(diagnosis), diagnosis.stopped, ...diagnosis.next.map((one) => `  - ${one}`)].join('\n'))
  }

  #row(event: BootEvent): void {
    const row = storyRow(event, this.#beganAt, this.#previousAt)
    this.#previousAt = event.at
    process.stdout.write(`${paint(row.tone, timelineLine(row))}\n`)
  }

  #say(text: string): void {
    if (this.#json) return
    this.#progress.end()
    process.stdout.write(`${text}\n`)
  }
}
