import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Diagnosis, diagnose } from '../../src/fleet/diagnosis.ts'
import type { BootEvent, EventOf } from '../../src/fleet/events.ts'
import { textFile, writeCpio } from '../../src/formats/cpio/write.ts'
import { joinParts } from '../../src/initramfs/join.ts'
import { macOf, uuidOf } from '../../src/lab/mac-address.ts'
import type { Machine } from '../../src/lab/machine.ts'
import type { MachineOptions } from '../../src/lab/machine-options.ts'
import type { CardModel } from '../../src/lab/qemu-arguments.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import type { Ipv4 } from '../../src/net/ipv4.ts'
import type { Mac } from '../../src/net/mac.ts'
import { run } from '../../src/sys/run.ts'
import { NETROOT } from '../support/netroot.ts'
import { storyText } from './served.ts'

/*
 * Machines whose loader is played: it takes an address and fetches script, kernel and parts as iPXE does, and QEMU starts
 * what it got. The story begins as it does with firmware, half a minute earlier.
 */

export interface DirectOptions extends Omit<MachineOptions, 'kernel' | 'initrd' | 'append'> {
  readonly name: string
  /** Words added to the kernel command line. */
  readonly words?: string
  /** The card that the loader booted from, by number. */
  readonly bootCard?: number
  /** What the loader tells of the card it boots from, as iPXE writes it: `01:80:86:10:0e`. */
  readonly busId?: string
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
  const { words = '', bootCard = 0, busId = '', parts, ...machine } = options
  const files = await playLoader(served, options.name, bootCard, busId)
  const initrd = join(files.directory, 'initrd')
  await joinParts((await parts?.(files)) ?? [files.tools, files.drivers, files.client], initrd)
  // The kernel's own lines would stand between ours; `quiet` would leave out our progress.
  const append = `${files.words} loglevel=3 ${words}`.trim()
  const pc = await served.lab.powerOn({ memoryMiB: 512, ...machine, kernel: files.kernel, initrd, append })
  bootMacs.set(pc, macOf(options.name, bootCard))
  return pc
}

/** The initramfs with more files in it: scripts of client/lib that a test puts its own functions into. */
export async function withFiles(files: LoadedFiles, texts: Readonly<Record<string, string>>): Promise<string[]> {
  const { directory, tools, drivers, client } = files
  const own = join(directory, 'own.cpio')
  const rooms = ['netroot', 'netroot/lib'].map((name) => ({ type: 'directory', name, mode: 0o755 }) as const)
  const entries = Object.entries(texts).map(([path, text]) => textFile(path, text))
  await writeFile(own, Buffer.concat(writeCpio([...rooms, ...entries])))
  return [tools, drivers, client, own]
}

/** Does what the firmware's iPXE does, up to `boot`: takes an address, asks for its script, fetches what that names. */
async function playLoader(served: ServedLab, name: string, card: number, busId: string): Promise<LoadedFiles> {
  const { lab } = served
  const mac = macOf(name, card)
  const directory = join(lab.directory, `${name}.loader`)
  await mkdir(directory, { recursive: true })
  const address = await leaseFor(served, mac)
  await lab.run('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']) // so that the server knows who fetches
  const curl = async (...words: readonly string[]): Promise<string> =>
    (await lab.run('curl', ['--fail', '--silent', '--show-error', '--interface', address, ...words])).stdout
  const script = await curl(`http://10.77.0.1/ipxe?mac=${mac}&uuid=${uuidOf(name)}&busid=${busId}`)
  const [, kernel = '', words = ''] = /^kernel --name \S+ (\S+) (?:initrd=\S+ )*(.*) \|\|/m.exec(script) ?? []
  if (kernel === '') throw new Error(`Cannot boot ${name}: its script names no kernel:\n${script}`)
  const fetch = async (file: string, url = new RegExp(`^initrd --name ${file} (\\S+)`, 'm').exec(script)?.[1]) => {
    await curl('--output', join(directory, file), url ?? '')
    return join(directory, file)
  }
  const files = {
    kernel: await fetch('vmlinuz', kernel),
    tools: await fetch('tools.cpio'),
    drivers: await fetch('drivers.cpio'),
    client: await fetch('client.cpio'),
  }
  await lab.run('ip', ['address', 'delete', `${address}/32`, 'dev', 'lo'])
  return { directory, words, ...files }
}

/** DHCP options of iPXE as udhcpc takes them: architecture BIOS, user class, and that it knows HTTP (175.19). */
const IPXE_OPTIONS = ['0x5d:0000', '0x4d:69505845', '0xaf:130101'].flatMap((option) => ['-x', option])

/** The address that the server gives the iPXE of that machine. */
async function leaseFor(served: ServedLab, mac: Mac): Promise<Ipv4> {
  const { lab } = served
  const from = served.events.length
  await lab.run('ip', ['link', 'add', 'loader', 'address', mac, 'type', 'veth', 'peer', 'loader-port'])
  await lab.run('ip', ['link', 'set', 'loader-port', 'master', lab.network().bridge, 'up'])
  await lab.run('ip', ['link', 'set', 'loader', 'up'])
  await lab.run('busybox', ['udhcpc', '-i', 'loader', '-f', '-q', '-n', '-T', '1', '-s', '/bin/true', ...IPXE_OPTIONS])
  await lab.run('ip', ['link', 'delete', 'loader'])
  const told = await served.waitForEvent((one) => one.mac === mac && one.event.type === 'dhcp.ack', { from })
  return (told.event as EventOf<'dhcp.ack'>).address
}

/** What `netroot why` would say of a machine after so many seconds without a sign of it. */
export function whyAfter(served: ServedLab, machine: Machine, seconds: number): Diagnosis {
  const events = served.events.filter(({ mac }) => mac === bootMac(machine)).map(({ event }) => event)
  return diagnose(events, Date.now() + seconds * 1000)
}

/** What `netroot why` says of the latest boot of a machine. */
export async function whyText(served: ServedLab, machine: Machine): Promise<string> {
  return (await run(NETROOT, ['why', bootMac(machine), '--state', served.stateDirectory])).toString()
}

/** What `netroot boots show` says of it. */
export function showText(served: ServedLab, machine: Machine): Promise<string> {
  return storyText(served, bootMac(machine))
}

/** The first event of a type in the story of a machine, told before or to come. */
export async function tells<Type extends BootEvent['type']>(
  served: ServedLab,
  machine: Machine,
  type: Type,
): Promise<EventOf<Type>> {
  const macs = new Set([bootMac(machine), ...machine.macs])
  const told = await served.waitForEvent(({ mac, event }) => macs.has(mac) && event.type === type)
  return told.event as EventOf<Type>
}

/** The box on the screen that tells a failure, once it is whole, with its frame and the folding taken away. */
export async function troubleBox({ console: screen }: Machine, cause: string): Promise<string> {
  const box = new RegExp(`\\| netroot +this machine cannot boot: ${cause}\\n[^]*?tries again in \\d+ s\\.`)
  return unframed((await screen.waitFor(box, { timeoutMs: 90_000 })).text)
}

function unframed(text: string): string {
  return text
    .replaceAll(/^\| {13}/gm, '')
    .replaceAll(/^\| /gm, '')
    .replaceAll(/\s+/g, ' ')
}

/** The address of the card that its loader used, which the server knows the machine by. */
function bootMac(machine: Machine): string {
  return bootMacs.get(machine) ?? macOf(machine.name, 0)
}

const bootMacs = new WeakMap<Machine, Mac>()

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
