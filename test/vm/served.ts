import { afterEach } from 'node:test'
import type { BootEvent, EventOf } from '../../src/fleet/events.ts'
import type { Lab } from '../../src/lab/lab.ts'
import type { Firmware } from '../../src/lab/platforms.ts'
import type { Machine } from '../../src/lab/machine.ts'
import { ServedLab, type ToldEvent } from '../../src/lab/served-lab.ts'
import { run } from '../../src/sys/run.ts'
import { debianRelease } from '../support/debian.ts'
import { NETROOT } from '../support/netroot.ts'

/** Generous: two cores without hardware virtualisation, shared with whatever else runs. */
export const BOOT_MS = 400_000

/** Both consoles; the serial one last, so that init writes there. */
const CONSOLES = 'console=tty0 console=ttyS0'

export interface ServeOptions {
  readonly firmware?: Firmware
  /** Words added to the kernel command line. */
  readonly cmdline?: string
  /** Lines added to netroot.yaml. */
  readonly config?: string
  /** Keys of the profile beside image and command line. */
  readonly profile?: string
  /** Another image than Debian's, in the same store. */
  readonly image?: string
  /** Done in the lab before the server starts. */
  readonly prepare?: (lab: Lab) => Promise<void>
}

/** A lab whose server boots Debian stable. What fails in it shows the events and the console. */
export async function serveDebian(options: ServeOptions = {}): Promise<ServedLab> {
  const { store } = await debianRelease()
  const config = [
    'interface: br0',
    'range: 10.77.0.100-10.77.0.199',
    'dns: [10.77.0.53]',
    'domain: lab.example',
    'profiles:',
    '  debian:',
    `    image: ${options.image ?? 'debian'}`,
    `    cmdline: ${CONSOLES} ${options.cmdline ?? ''}`,
    ...(options.profile === undefined ? [] : [`    ${options.profile}`]),
    ...(options.config === undefined ? [] : [options.config]),
    '',
  ].join('\n')
  const { prepare } = options
  const before = prepare === undefined ? {} : { prepare }
  return ServedLab.open({ config, store: store.directory, firmwares: [options.firmware ?? 'bios'], ...before })
}

/** After each test of a file that fails: the machines' consoles, the last packets, the events of the boots. */
export function showWhatFailed(served: () => ServedLab | undefined): void {
  afterEach(async (t) => {
    const lab = served()?.lab
    if (lab === undefined || ('passed' in t && t.passed)) return
    for (const machine of lab.machines) console.error(await lab.failureReport(machine))
    console.error(served()?.describe())
  })
}

/** The first event of a type that a boot tells, past or to come. */
export async function eventOf<Type extends BootEvent['type']>(
  served: ServedLab,
  type: Type,
  options: { readonly from?: number; readonly timeoutMs?: number } = {},
): Promise<EventOf<Type>> {
  const told = await served.waitForEvent((one) => one.event.type === type, { timeoutMs: BOOT_MS, ...options })
  return told.event as EventOf<Type>
}

/** What a boot told, by type, without what comes again and again. */
export function typesOf(events: readonly ToldEvent[]): string[] {
  return events.map(({ event }) => event.type).filter((type, at, all) => all.indexOf(type) === at)
}

/** What `netroot boots show` says of the latest boot of a machine, the only one if none is named. */
export async function storyText(served: ServedLab, machine?: string): Promise<string> {
  const which = machine ?? served.events[0]?.mac ?? ''
  return (await run(NETROOT, ['boots', 'show', which, '--state', served.stateDirectory])).toString()
}

/** Somebody logged in at the serial console. */
export class Session {
  readonly #machine: Machine
  #commands = 0

  private constructor(machine: Machine) {
    this.#machine = machine
  }

  /** Waits for the login prompt and logs in as root. */
  static async login(machine: Machine): Promise<Session> {
    const screen = machine.console
    const prompt = await screen.waitFor(/login: /, { timeoutMs: BOOT_MS })
    screen.send('root')
    const asked = await screen.waitFor('Password:', { from: prompt.end })
    screen.send('netroot')
    await screen.waitFor(/root@[^\n]*# $/, { from: asked.end, timeoutMs: BOOT_MS })
    const session = new Session(machine)
    await session.run('stty cols 1000; dmesg -n 1; TERM=dumb; bind "set enable-bracketed-paste off"')
    return session
  }

  /** Runs a command and returns what it wrote. @throws if it ends with another status than `status` */
  async run(command: string, { status = 0, timeoutMs = 120_000 } = {}): Promise<string> {
    const mark = `done-${++this.#commands}`
    const { console: screen } = this.#machine
    const from = screen.position
    screen.send(`${command}; echo "${mark.slice(0, 2)}""${mark.slice(2)}=$?"`)
    const found = await screen.waitFor(new RegExp(`${mark}=(\\d+)`), { from, timeoutMs })
    const output = screen.text.slice(screen.text.lastIndexOf(`${mark.slice(2)}=$?"`))
    const text = output.slice(output.indexOf('\n') + 1, output.indexOf(`${mark}=`)).trim()
    if (Number(found.groups[1]) === status) return text
    throw new Error(`${command} ended with status ${found.groups[1]}, want ${status}: ${text}`)
  }

  /** Types a command whose end nobody waits for. */
  type(command: string): void {
    this.#machine.console.send(command)
  }
}
