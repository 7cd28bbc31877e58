import type { Machine } from '../../src/lab/machine.ts'
import type { MachineOptions } from '../../src/lab/machine-options.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { bootDirectly } from '../vm/direct.ts'
import { BOOT_MS } from '../vm/served.ts'

/** A machine whose whole system is a shell: it has its root ten seconds after it is switched on. */
export class ShellMachine {
  readonly #machine: Machine
  #commands = 0

  private constructor(machine: Machine) {
    this.#machine = machine
  }

  /** Switches it on; waits for nothing. */
  static async start(
    served: ServedLab,
    name: string,
    size: Pick<MachineOptions, 'memoryMiB' | 'cpus'> = {},
  ): Promise<ShellMachine> {
    return new ShellMachine(await bootDirectly(served, { ...size, name, words: 'init=/bin/sh' }))
  }

  /** Runs a command and returns what it wrote. @throws if it ends with another status than 0 */
  async run(command: string): Promise<string> {
    const { console: screen } = this.#machine
    if (this.#commands === 0) await screen.waitFor(/# $/, { timeoutMs: BOOT_MS })
    const mark = `done-${++this.#commands}`
    const from = screen.position
    screen.send(`${command}; echo "${mark.slice(0, 2)}""${mark.slice(2)}=$?"`)
    const found = await screen.waitFor(new RegExp(`${mark}=(\\d+)`), { from, timeoutMs: BOOT_MS })
    const output = screen.text.slice(screen.text.lastIndexOf(`${mark.slice(2)}=$?"`))
    const text = output.slice(output.indexOf('\n') + 1, output.indexOf(`${mark}=`)).trim()
    if (found.groups[1] !== '0') throw new Error(`${command} ended with status ${found.groups[1]}: ${text}`)
    return text
  }

  /** Takes its power away, with what it has not synced. */
  async losePower(): Promise<void> {
    this.#machine.console.send('echo o > /proc/sysrq-trigger')
    await this.#machine.exited
  }
}
