import { setTimeout as sleep } from 'node:timers/promises'
import { type LoaderFate, loaderFateOf } from '../fleet/loader-fate.ts'
import type { Machine } from '../lab/machine.ts'
import type { Firmware } from '../lab/platforms.ts'
import { ServedLab, type ToldEvent } from '../lab/served-lab.ts'
import type { Mac } from '../net/mac.ts'
import { attachConsole } from './attach-console.ts'
import type { BootResult, BootScreen } from './boot-screen.ts'

export interface VirtualBoot {
  /** The text of a netroot.yaml that serves `br0`. */
  readonly config: string
  /** The server's address with its prefix length; default that of the lab. */
  readonly address?: string
  /** Of the machine's card; default made up. */
  readonly mac?: Mac
  readonly firmware: Firmware
  readonly keep: boolean
  /** Directory of the images. */
  readonly store: string
  /** File of the picture. */
  readonly screenshot: string
  readonly screen: BootScreen
  readonly signal: AbortSignal
}

/** Emulation without hardware help takes a minute or two; a boot that takes longer than this has failed. */
const PATIENCE_MS = 360_000

/** shim and GRUB hold kernel and initramfs beside the firmware's own copies. */
const MEMORY_MIB: Readonly<Record<Firmware, number>> = { bios: 1024, uefi: 1024, 'uefi-http': 1024, secureboot: 2048 }

/** Boots one virtual machine in a lab of its own, and shows it. */
export async function bootVirtually(run: VirtualBoot): Promise<BootResult> {
  const { screen, firmware, signal, store, config, address, mac } = run
  await using served = await ServedLab.open({
    config,
    store,
    ...(address === undefined ? {} : { address }),
    firmwares: [firmware],
    signal,
    onStep: (what) => screen.step(what),
    onEvent: ({ event }) => screen.event(event),
  })
  screen.serving(served.lab.network())
  const cards = [mac === undefined ? {} : { mac }]
  const machine = await served.lab.powerOn({
    name: 'demo',
    firmware,
    memoryMiB: MEMORY_MIB[firmware],
    cpus: 2,
    cards,
    signal,
  })
  screen.powerOn(firmware)
  const result = await watchWithReset(served, machine, run)
  await machine.screenshot(run.screenshot).then(
    () => screen.picture(),
    (error: unknown) => screen.step(`no picture of the screen: ${String(error)}`),
  )
  screen.result(result, machine.console)
  await stay(run, result, machine)
  return result
}

/** Watches the boot; whatever else waits for the machine ends with the watch, so that nothing keeps the program. */
async function watchWithReset(served: ServedLab, machine: Machine, run: VirtualBoot): Promise<BootResult> {
  const over = new AbortController()
  void resetWhereRefused(served, machine, { ...run, signal: AbortSignal.any([run.signal, over.signal]) })
  try {
    return await watch(served, machine, run)
  } finally {
    over.abort(new Error('the boot is over'))
  }
}

/** Firmware needs a moment to look at a signature, and iPXE to ask for an address. */
const REFUSAL_MS = 10_000

/**
 * Secure Boot refuses iPXE, and the server learns it: switched on again, the machine is sent what it takes. Somebody
 * would press the button now. Whatever fails here shows as a machine that does not boot.
 */
async function resetWhereRefused(served: ServedLab, machine: Machine, { screen, signal }: VirtualBoot): Promise<void> {
  const fate = (): LoaderFate | undefined => loaderFateOf(served.events.map(({ event }) => event))
  try {
    await served.waitForEvent(() => fate() === 'silent', { timeoutMs: PATIENCE_MS, signal })
    await sleep(REFUSAL_MS, undefined, { signal })
    if (fate() !== 'silent') return
    screen.step('the firmware did not start iPXE, so the machine is switched on again')
    await machine.reset()
  } catch {}
}

/** The machine's own console must show its prompt, and the machine must say of itself that it is alive. */
async function watch(served: ServedLab, machine: Machine, { screen, signal }: VirtualBoot): Promise<BootResult> {
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
async function stay({ keep, screen, signal }: VirtualBoot, result: BootResult, machine: Machine): Promise<void> {
  if (screen.isInteractive && result.prompt) await attachConsole(machine.console, signal)
  else if (keep && !signal.aborted)
    await Promise.race([machine.exited, new Promise((resolve) => signal.addEventListener('abort', resolve))])
}
