import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeFileAtomic } from '../../sys/files.ts'
import { CommandError, run } from '../../sys/run.ts'
import type { Loaders } from '../loaders/files.ts'
import { isolinuxConfig, mediaScript, type MediaRequest } from './scripts.ts'

/** Where the firmware of each processor looks on a medium, UEFI 2.10 §3.5.1.1. */
const EFI_LOADERS: Readonly<Record<string, string>> = {
  'BOOTX64.EFI': 'ipxe.efi',
  'BOOTAA64.EFI': 'ipxe-arm64.efi',
  'BOOTRISCV64.EFI': 'ipxe-riscv64.efi',
}

/** Of the file system that UEFI reads, in KiB: three iPXE and a script. */
const EFI_KIB = 6144

/** A CD image that is a disk image too, so that it can be written to a USB stick as it is. */
const XORRISO = ['-as', 'mkisofs', '-quiet', '-V', 'NETROOT', '-r', '-J'] as const
const BIOS = ['-b', 'isolinux.bin', '-c', 'boot.cat', '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table']
const UEFI = ['-eltorito-alt-boot', '-e', 'efi.img', '-no-emul-boot', '-isohybrid-gpt-basdat']

/** A directory in which a medium is put together. */
interface Workshop {
  readonly directory: string
  readonly loaders: Loaders
  readonly signal: AbortSignal | undefined
}

/**
 * Makes a medium for machines whose firmware cannot boot from a network: BIOS and UEFI start iPXE from it, which asks
 * the server for the rest.
 *
 * @param file the image, for a CD or a USB stick; written beside and renamed
 * @throws {Error} if xorriso or mtools is not installed, or a loader cannot be fetched
 */
export async function buildMedium(
  file: string,
  loaders: Loaders,
  request: MediaRequest,
  signal?: AbortSignal,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'netroot-media-'))
  try {
    const workshop = { directory, loaders, signal }
    await writeFileAtomic(file, await readFile(await makeImage(workshop, request)))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function makeImage(workshop: Workshop, request: MediaRequest): Promise<string> {
  const tree = join(workshop.directory, 'tree')
  await mkdir(tree)
  await writeFile(join(tree, 'boot.ipxe'), mediaScript(request))
  await writeFile(join(tree, 'isolinux.cfg'), isolinuxConfig())
  for (const name of ['isolinux.bin', 'ldlinux.c32', 'ipxe.lkrn']) await place(workshop, name, join(tree, name))
  await makeEfiImage(workshop, tree)
  const mbr = join(workshop.directory, 'mbr')
  await place(workshop, 'isohdpfx.bin', mbr)
  const image = join(workshop.directory, 'medium.iso')
  await tool(workshop, 'xorriso', [...XORRISO, '-o', image, '-isohybrid-mbr', mbr, ...BIOS, ...UEFI, tree])
  return image
}

/** The FAT file system that UEFI starts from; iPXE looks for its script in the root of where it came from. */
async function makeEfiImage(workshop: Workshop, tree: string): Promise<void> {
  const image = join(tree, 'efi.img')
  const inside = (path: string): string => `::/${path}`
  await tool(workshop, 'mformat', [
    '-i',
    image,
    '-C',
    '-T',
    String(EFI_KIB * 2),
    '-N',
    '4e525442',
    '-v',
    'NETROOT',
    '::',
  ])
  await tool(workshop, 'mmd', ['-i', image, inside('EFI'), inside('EFI/BOOT')])
  await tool(workshop, 'mcopy', ['-i', image, join(tree, 'boot.ipxe'), inside('autoexec.ipxe')])
  for (const [name, loader] of Object.entries(EFI_LOADERS)) {
    const path = join(workshop.directory, name)
    await place(workshop, loader, path)
    await tool(workshop, 'mcopy', ['-i', image, path, inside(`EFI/BOOT/${name}`)])
  }
}

async function place({ loaders, signal }: Workshop, name: string, path: string): Promise<void> {
  const loader = await loaders.get(name, signal)
  if (loader === undefined) throw new Error(`There is no loader ${name}`)
  await copyFile(loader.path, path)
}

const PACKAGES: Readonly<Record<string, string>> = { mformat: 'mtools', mmd: 'mtools', mcopy: 'mtools' }

async function tool({ signal }: Workshop, program: string, args: readonly string[]): Promise<void> {
  try {
    await run(program, args, signal === undefined ? {} : { signal })
  } catch (cause) {
    if (!(cause instanceof CommandError) || cause.status !== undefined || signal?.aborted === true) throw cause
    const what = `Cannot make a boot medium: ${program} is not installed`
    throw new Error(`${what}. Install it: apt install ${PACKAGES[program] ?? program}`, { cause })
  }
}
