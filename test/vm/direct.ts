import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { NETROOT } from '../support/netroot.ts'
import { joinParts } from '../../src/initramfs/join.ts'
import { macOf, uuidOf } from '../../src/lab/mac-address.ts'
import type { Machine } from '../../src/lab/machine.ts'
import type { MachineOptions } from '../../src/lab/machine-options.ts'
import type { CardModel } from '../../src/lab/qemu-arguments.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { run } from '../../src/sys/run.ts'

/*
 * Machines whose loader is played: it fetches the script, the kernel and the parts over HTTP as iPXE does, and QEMU
 * starts what it got. That leaves out firmware and iPXE, half a minute of each boot, and nothing of what fails later.
 */

export interface DirectOptions extends Omit<MachineOptions, 'kernel' | 'initrd' | 'append'> {
  readonly name: string
  /** Words added to the kernel command line. */
  readonly words?: string
  /** The card that the loader booted from, by number. */
  readonly bootCard?: number
  /** Changes the files of the initramfs, in order, before they are joined. */
  readonly parts?: (files: LoadedFiles) => Promise<readonly string[]>
}

/** What the loader fetched, as paths. */
export interface LoadedFiles {
  readonly directory: string
  readonly kernel: string
  readonly tools: string
  readonly drivers: string
  readonly client: string
  /** The kernel's command line. */
  readonly words: string
}

/** Boots a machine with what the server tells its loader to. */
export async function bootDirectly(served: ServedLab, options: DirectOptions): Promise<Machine> {
  const { words = '', bootCard = 0, parts, ...machine } = options
  const files = await playLoader(served, options.name, bootCard)
  const initrd = join(files.directory, 'initrd')
  await joinParts((await parts?.(files)) ?? [files.tools, files.drivers, files.client], initrd)
  // The kernel's own lines would stand between ours; `quiet` would leave out our progress.
  const append = `${files.words} loglevel=3 ${words}`.trim()
  return served.lab.powerOn({ memoryMiB: 512, ...machine, kernel: files.kernel, initrd, append })
}

/** Does what the machine's script says, up to `boot`. */
export async function playLoader(served: ServedLab, name: string, card = 0): Promise<LoadedFiles> {
  const directory = join(served.lab.directory, `${name}.loader`)
  await mkdir(directory, { recursive: true })
  const fetch = async (url: string, file: string): Promise<string> => {
    const path = join(directory, file)
    await served.lab.run('curl', ['--fail', '--silent', '--show-error', '--output', path, url])
    return path
  }
  const asks = new URLSearchParams({ mac: macOf(name, card), uuid: uuidOf(name) })
  const { stdout: script } = await served.lab.run('curl', ['--fail', '--silent', `http://10.77.0.1/ipxe?${asks}`])
  const [, kernel = '', words = ''] = /^kernel --name \S+ (\S+) (?:initrd=\S+ )*(.*) \|\|/m.exec(script) ?? []
  if (kernel === '') throw new Error(`Cannot boot ${name}: its script names no kernel:\n${script}`)
  const urlOf = (file: string): string => new RegExp(`^initrd --name ${file} (\\S+)`, 'm').exec(script)?.[1] ?? ''
  return {
    directory,
    words,
    kernel: await fetch(kernel, 'vmlinuz'),
    tools: await fetch(urlOf('tools.cpio'), 'tools.cpio'),
    drivers: await fetch(urlOf('drivers.cpio'), 'drivers.cpio'),
    client: await fetch(urlOf('client.cpio'), 'client.cpio'),
  }
}

/** What `netroot why` says of the latest boot of a machine. */
export async function whyText(served: ServedLab, machine: string): Promise<string> {
  return (await run(NETROOT, ['why', machine, '--state', served.stateDirectory])).toString()
}

/** What the screen shows, with frames and their folding taken away. */
export function screenWords({ console: screen }: Machine): string {
  return screen.text
    .replaceAll(/^\| {13}/gm, '')
    .replaceAll(/^\| /gm, '')
    .replaceAll(/\s+/g, ' ')
}

/** Pushes a card into a running machine, on the network `lan`. */
export async function plugIn({ lab }: ServedLab, machine: Machine, model: CardModel): Promise<void> {
  const tap = 'hot0'
  await lab.run('ip', ['tuntap', 'add', 'dev', tap, 'mode', 'tap'])
  await lab.run('ip', ['link', 'set', tap, 'master', lab.network().bridge, 'up'])
  const netdev = { id: 'hot', type: 'tap', ifname: tap, script: 'no', downscript: 'no' }
  await machine.qmp.execute('netdev_add', netdev)
  await machine.qmp.execute('device_add', { driver: model, netdev: 'hot', id: 'hotcard', mac: macOf(machine.name, 0) })
  void machine.exited.then(() => lab.run('ip', ['link', 'delete', tap])).catch(() => undefined)
}
