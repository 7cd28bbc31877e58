import { join } from 'node:path'
import { Loaders } from '../boot/loaders/files.ts'
import { USUAL_LOADERS } from '../boot/loaders/select.ts'
import type { ServerAddresses } from '../boot/server-addresses.ts'
import type { LoadedConfig } from '../config/load.ts'
import { LOCAL_ENTRY } from '../config/start.ts'
import { dropIn } from '../exports/drop-in.ts'
import { type PxelinuxEntry, type PxelinuxRequest, pxelinuxExport, pxelinuxName } from '../exports/pxelinux.ts'
import { ExportTree, ForeignFileError } from '../exports/tree.ts'
import { readFile } from 'node:fs/promises'
import { type StaticMachine, staticBoots } from '../server/static-boots.ts'
import { UsageError } from './failure.ts'
import { openStore } from './store.ts'
import type { Print } from './terminal.ts'

interface PxelinuxOptions {
  /** The directory that the TFTP server serves. */
  readonly into: string
  readonly force: boolean
  readonly print: Print
  readonly signal: AbortSignal
}

/** Both names: DHCP servers that somebody set up long ago say pxelinux.0. */
const LOADERS = ['pxelinux.0', ...USUAL_LOADERS.pxelinux]

/** Writes all that a TFTP server needs so that every client boots through PXELINUX without netroot's own TFTP and HTTP. */
export async function exportPxelinux(
  loaded: LoadedConfig,
  server: ServerAddresses,
  { into, force, print, signal }: PxelinuxOptions,
): Promise<void> {
  const store = await openStore(loaded.config.store)
  try {
    const tree = await ExportTree.open(into, force)
    const loaders = new Loaders(join(store.directory, 'cache'), new Map(Object.entries(loaded.config.loaders)))
    for (const name of LOADERS) await writeLoader(tree, loaders, name, signal)
    for await (const machine of staticBoots(loaded, store, server)) {
      signal.throwIfAborted()
      await writeMachine(tree, machine, loaded.file)
    }
    const { written, same, removed } = await tree.finish()
    print(`${into}: ${written.length} written, ${same.length} up to date, ${removed.length} removed\n`)
  } catch (error) {
    if (error instanceof ForeignFileError) throw new UsageError(error.message)
    throw error
  }
}

async function writeLoader(tree: ExportTree, loaders: Loaders, name: string, signal: AbortSignal): Promise<void> {
  const loader = await loaders.get(name, signal)
  if (loader !== undefined) await tree.write(name, await readFile(loader.path))
}

/** Kernel and initramfs before the configuration that names them. */
async function writeMachine(tree: ExportTree, machine: StaticMachine, source: string): Promise<void> {
  const directory = directoryOf(machine)
  for (const { profile, kernel, initrd } of machine.boots) {
    const place = placeOf(machine, directory, profile)
    await tree.write(`${place}/vmlinuz`, kernel)
    await tree.write(`${place}/initrd`, initrd)
  }
  await tree.write(pxelinuxName(machine.mac), dropIn(pxelinuxExport(requestOf(machine, directory)), source))
}

/** As people have always named them: for its address where it has one of its own. */
function directoryOf({ mac, address }: StaticMachine): string {
  return address ?? mac?.replaceAll(':', '-') ?? 'default'
}

function placeOf({ start }: StaticMachine, directory: string, profile: string): string {
  return start?.kind === 'menu' ? `${directory}/${profile}` : directory
}

function requestOf(machine: StaticMachine, directory: string): PxelinuxRequest {
  const { start, mac, name, boots } = machine
  const title = `netroot: ${name === '' ? (mac ?? 'machines that have no name') : name}`
  const all = boots.map(({ profile, commandLine }): [string, PxelinuxEntry] => {
    const place = placeOf(machine, directory, profile)
    return [profile, { kind: 'boot', label: profile, directory: place, commandLine }]
  })
  const local = { kind: 'local' } as const
  if (start?.kind !== 'menu') {
    return { title, entries: [all[0]?.[1] ?? local], isForAnyone: mac === undefined }
  }
  const byName = new Map<string, PxelinuxEntry>([...all, [LOCAL_ENTRY, local]])
  const entries = start.menu.entries.flatMap((entry) => byName.get(entry) ?? [])
  return { title, entries, timeoutSeconds: start.menu.timeout, isForAnyone: mac === undefined }
}
