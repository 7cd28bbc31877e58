import { setTimeout as sleep } from 'node:timers/promises'
import type { ReleaseInfo } from '../image/release.ts'
import type { Machine } from '../lab/machine.ts'
import type { Firmware } from '../lab/preconditions.ts'
import { ServedLab, type ToldEvent } from '../lab/served-lab.ts'
import { attachConsole } from './attach-console.ts'
import { DEMO_IMAGE } from './demo-image.ts'
import type { DemoScreen } from './demo-screen.ts'

export interface DemoRun {
  readonly firmware: Firmware
  readonly keep: boolean
  /** Directory of the images. */
  readonly store: string
  readonly image: ReleaseInfo
  /** File of the picture. */
  readonly screenshot: string
  readonly screen: DemoScreen
  readonly signal: AbortSignal
}

/** What became of the demo's machine. */
export interface DemoResult {
  readonly alive: boolean
  readonly prompt: boolean
}

/** Emulation without hardware help takes a minute or two; a boot that takes longer than this has failed. */
const PATIENCE_MS = 360_000

/** Boots one virtual machine from an image of the store, and shows it. */
export async function runDemo(run: DemoRun): Promise<DemoResult> {
  const { screen, firmware, signal, store } = run
  await using served = await ServedLab.open({
    config: configText(run.image.digest),
    store,
    firmwares: [firmware],
    signal,
    onStep: (what) => screen.step(what),
    onEvent: ({ event }) => screen.event(event),
  })
  screen.serving(served.lab.network())
  const machine = await served.lab.powerOn({ name: 'demo', firmware, memoryMiB: 1024, cpus: 2, signal })
  screen.powerOn(firmware)
  const result = await watch(served, machine, run)
  await machine.screenshot(run.screenshot).then(
    () => screen.picture(),
    (error: unknown) => screen.step(`no picture of the screen: ${String(error)}`),
  )
  screen.result(result, machine.console)
  await stay(run, result, machine)
  return result
}

/** The machine's own console must show its prompt, and the machine must say of itself that it is alive. */
async function watch(served: ServedLab, machine: Machine, { screen, signal }: DemoRun): Promise<DemoResult> {
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  const options = { timeoutMs: PATIENCE_MS, signal: either }
  const isFailure = ({ event }: ToldEvent): boolean => event.type === 'report.failed'
  void served.waitForEvent(isFailure, options).then(
    () => failed.abort(new Error('the machine reported that its boot failed')),
    () => undefined,
  )
  void machine.exited.then(({ reason }) => failed.abort(new Error(`the machine ended (${reason})`)))
  const told = (wait: Promise<unknown>): Promise<boolean> =>
    wait.then(
      () => true,
      () => false,
    )
  const [alive, prompt] = await Promise.all([
    told(served.waitForEvent(({ event }) => event.type === 'report.alive', options)),
    told(machine.console.waitFor(/login: /, options).then(() => screen.prompt())),
  ])
  signal.throwIfAborted()
  failed.abort(new Error('the demo is over'))
  if (alive) await sleep(300) // the last events of the boot
  return { alive, prompt }
}

/** Leaves the machine on for somebody at a terminal, or until Ctrl-C where that was asked for. */
async function stay({ keep, screen, signal }: DemoRun, result: DemoResult, machine: Machine): Promise<void> {
  if (screen.isInteractive && result.prompt) await attachConsole(machine.console, signal)
  else if (keep && !signal.aborted)
    await Promise.race([machine.exited, new Promise((resolve) => signal.addEventListener('abort', resolve))])
}

/** Both consoles show everything; the serial one is last, so that it is the one of init. */
function configText(release: string): string {
  return `interface: br0
range: 10.77.0.100-10.77.0.199
profiles:
  demo:
    image: ${DEMO_IMAGE}
    release: ${release}
    hostname: demo-{mac}
    cmdline: console=tty0 console=ttyS0
`
}
