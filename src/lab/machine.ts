import { copyFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Console } from './console.ts'
import { keysFor } from './keys.ts'
import type { LabProcess } from './lab-process.ts'
import { type ExitReason, exitReason, type MachineExit } from './machine-exit.ts'
import type { Namespace } from './namespace.ts'
import { listenOnce } from './one-connection.ts'
import { platformOf } from './platforms.ts'
import { type MachineSpec, qemuArguments } from './qemu-arguments.ts'
import { Qmp } from './qmp.ts'

export interface MachineStart {
  readonly namespace: Namespace
  /** Where sockets, logs and the UEFI variables lie. */
  readonly directory: string
  readonly spec: Omit<MachineSpec, 'qmpSocket' | 'consoleSocket' | 'varsFile'>
  readonly consoleLog: string | undefined
  readonly report: (machine: Machine) => Promise<string>
  readonly signal: AbortSignal | undefined
}

/** A virtual PC that is switched on. */
export class Machine implements AsyncDisposable {
  readonly name: string
  readonly uuid: string
  /** The MAC addresses of its cards, in order. */
  readonly macs: readonly string[]
  readonly console: Console
  readonly qmp: Qmp
  /** `performance.now()` of the moment when its processor began to run. */
  readonly poweredOnAt: number
  /** Never rejects. */
  readonly exited: Promise<MachineExit>
  readonly #process: LabProcess

  /**
   * Starts QEMU and lets the machine run.
   *
   * @throws {Error} with QEMU's words if it does not start
   */
  static async start(start: MachineStart): Promise<Machine> {
    const { namespace, directory, spec, signal } = start
    const at = (suffix: string): string => join(directory, `${spec.name}.${suffix}`)
    const [qmpSocket, consoleSocket, varsFile] = [at('qmp'), at('serial'), at('vars')]
    const { program, flash } = platformOf(spec.firmware, spec.architecture)
    if (flash !== undefined) await copyFile(flash.vars, varsFile)
    await using opening = new AsyncDisposableStack()
    const [control, serial] = [await listenOnce(qmpSocket), await listenOnce(consoleSocket)]
    opening.defer(() => [control, serial].forEach((one) => one.close()))
    const args = qemuArguments({ ...spec, qmpSocket, consoleSocket, varsFile })
    const qemu = namespace.spawn(program, args, signal === undefined ? {} : { signal })
    opening.use(qemu)
    const [line, socket] = await firstOf(qemu, Promise.all([serial.connected, control.connected]))
    const machine = await Machine.#connect(start, qemu, line, socket, at)
    opening.move() // from here on it is the machine's
    return machine
  }

  static async #connect(
    { spec, consoleLog, report }: MachineStart,
    qemu: LabProcess,
    line: Socket,
    socket: Socket,
    at: (suffix: string) => string,
  ): Promise<Machine> {
    const own: { machine?: Machine } = {}
    const reportSelf = async (): Promise<string> => (own.machine === undefined ? '' : report(own.machine))
    const files = { logFile: consoleLog ?? at('console.log'), attachPath: at('console') }
    const screen = await Console.open({ machine: spec.name, socket: line, ...files, report: reportSelf })
    try {
      const qmp = await firstOf(qemu, Qmp.connect(socket))
      own.machine = new Machine(spec, qemu, screen, qmp)
      await firstOf(qemu, qmp.execute('cont'))
      return own.machine
    } catch (error) {
      await screen.close('the machine did not start')
      throw error
    }
  }

  private constructor(spec: MachineStart['spec'], qemu: LabProcess, screen: Console, qmp: Qmp) {
    this.name = spec.name
    this.uuid = spec.uuid
    this.macs = spec.cards.map(({ mac }) => mac)
    this.console = screen
    this.qmp = qmp
    this.poweredOnAt = performance.now()
    this.#process = qemu
    this.exited = this.#watch()
  }

  /** What QEMU itself wrote: warnings, and why it ended. */
  get qemuMessages(): string {
    return this.#process.stderr.text
  }

  /** Saves the screen as PNG. */
  async screenshot(path: string): Promise<void> {
    await this.qmp.execute('screendump', { filename: resolve(path), format: 'png' })
  }
  /** Pulls a card's cable, or plugs it in. The machine sees it at once. */
  async setLink(card: number, up: boolean): Promise<void> {
    await this.qmp.execute('set_link', { name: `card${card}`, up })
  }
  /** Presses keys together, by QEMU's names: `pressKey('ctrl', 'b')`. */
  async pressKey(...keys: readonly string[]): Promise<void> {
    await this.qmp.execute('send-key', { keys: keys.map((data) => ({ type: 'qcode', data })), 'hold-time': 30 })
    await sleep(60) // held, let go, and seen by a slow guest
  }
  /** Types on the keyboard, as on an American one; `\n` is Enter. */
  async typeText(text: string): Promise<void> {
    for (const character of text) await this.pressKey(...keysFor(character))
  }
  /** The reset button. */
  async reset(): Promise<void> {
    await this.qmp.execute('system_reset')
  }
  /** The power button, pressed shortly: the system in the machine may shut down. */
  async powerButton(): Promise<void> {
    await this.qmp.execute('system_powerdown')
  }
  /** Cuts the power and waits until QEMU is gone. Calling it twice is fine. */
  async quit(): Promise<MachineExit> {
    await this.qmp.execute('quit').catch(() => undefined) // it may have ended already
    const timer = setTimeout(() => void this.#process.kill('SIGKILL'), 3000)
    const exit = await this.exited
    clearTimeout(timer)
    return exit
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.quit()
  }

  async #watch(): Promise<MachineExit> {
    let told: ExitReason | undefined
    this.qmp.onEvent((event) => {
      if (event.name === 'SHUTDOWN') told = exitReason(event.data['reason'])
    })
    const { status } = await this.#process.exited
    const reason = told ?? (status === undefined || status === 0 ? 'killed' : 'failed')
    this.qmp.close()
    await this.console.close(`the machine has ended (${reason})`)
    return { reason, status, qemuMessages: this.qemuMessages }
  }
}

/** The value, unless QEMU ends first: then an error with its words. */
async function firstOf<T>(qemu: LabProcess, value: Promise<T>): Promise<T> {
  const ended = qemu.exited.then(({ status }) => {
    const how = status === undefined ? 'was killed' : `ended with status ${status}`
    throw new Error(`Cannot start the machine: QEMU ${how}: ${qemu.stderr.lastLines(6)}`)
  })
  const failed = value.catch(async (cause: unknown) => {
    await Promise.race([ended, sleep(1000)]) // when its socket has closed, it is about to end and tell why
    throw cause
  })
  return Promise.race([failed, ended])
}
