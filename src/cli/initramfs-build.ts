import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import type { DriversReport } from '../initramfs/drivers.ts'
import { joinParts } from '../initramfs/join.ts'
import { kernelVersions } from '../initramfs/module-index.ts'
import type { Part } from '../initramfs/part.ts'
import { ensureDrivers, ensureTools, type ToolsReport } from '../initramfs/parts.ts'
import { kernelCompression } from '../initramfs/compress.ts'
import { DirectoryTree } from '../storage/directory-tree.ts'
import type { FileTree } from '../storage/file-tree.ts'
import { openTarTree } from '../storage/tar-tree.ts'
import { UsageError } from './failure.ts'
import { Progress } from './progress.ts'
import { interruptible, storeDirectory } from './store.ts'
import { bytesText, printJson, table } from './text.ts'

interface BuildOptions {
  readonly root: string
  readonly kernel?: string
  readonly modules: readonly string[]
  readonly output: string
  readonly cache: boolean
  readonly store?: string
  readonly json?: boolean
}

interface Built {
  readonly output: string
  readonly size: number
  readonly tools: Part<ToolsReport>
  readonly drivers: Part<DriversReport>
}

const EXAMPLES = `
Examples:
  netroot initramfs build --root /srv/nfs/debian -o /srv/tftp/initramfs
  netroot initramfs build --root debian.tar --kernel 6.12.57+deb13-amd64 --modules md_mod,raid1 -o initramfs

It holds every network driver of that kernel, so any machine boots with it. Nothing of the root is run, and no root
privileges are needed. The first call fetches busybox from Debian's archive.`

const listOf = (value: string, before: readonly string[]): readonly string[] => [
  ...before,
  ...value.split(/[\s,]+/).filter((name) => name !== ''),
]

/** `netroot initramfs build`. */
export function initramfsBuildCommand(): Command {
  return new Command('build')
    .description('Build the initramfs for one kernel of a root')
    .requiredOption('--root <directory|tar>', 'root file system: a directory, or a tar archive (not compressed)')
    .option('--kernel <version>', 'as `uname -r` says it (default: the newest that the root has modules for)')
    .option('--modules <list>', 'further modules, with all they need; may be repeated', listOf, [])
    .requiredOption('-o, --output <file>', 'file to write; an existing one is replaced when the new one is whole')
    .option('--no-cache', 'fetch and make everything anew')
    .option('--store <directory>', 'where fetched packages are kept (default: $NETROOT_STATE, /var/lib/netroot)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: BuildOptions) => {
      const built = await interruptible((signal) => build(options, signal))
      if (options.json === true) printJson(built)
      else process.stdout.write(render(built))
    })
}

async function build(options: BuildOptions, signal: AbortSignal): Promise<Built> {
  const progress = new Progress()
  const scratch = await mkdtemp(join(tmpdir(), 'netroot-initramfs-'))
  const cache = options.cache ? join(storeDirectory(options.store), 'cache') : scratch
  const tree = await openRoot(options.root)
  try {
    const kernel = options.kernel ?? (await newestKernel(tree, options.root))
    progress.step(`drivers of ${kernel}`)
    const drivers = await ensureDrivers(scratch, tree, options.root, kernel, { modules: options.modules })
    progress.step('tools')
    const { architecture } = drivers.report
    const compression = await kernelCompression(tree, kernel)
    const tools = await ensureTools(cache, { architecture, compression, signal })
    const size = await joinParts([tools.path, drivers.path], options.output)
    return { output: options.output, size, tools, drivers }
  } finally {
    progress.end()
    await tree.close()
    await rm(scratch, { recursive: true, force: true })
  }
}

async function openRoot(path: string): Promise<FileTree> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new UsageError(`Cannot read the root ${path}: there is no such file or directory`)
  return found.isDirectory() ? new DirectoryTree(path) : openTarTree(path)
}

async function newestKernel(tree: FileTree, path: string): Promise<string> {
  const newest = (await kernelVersions(tree)).at(-1)
  if (newest !== undefined) return newest
  throw new Error(`Cannot find a kernel's modules in ${path}: /lib/modules/VERSION is missing; install a kernel in it`)
}

function render({ output, size, tools, drivers }: Built): string {
  const { kernelVersion, architecture, modules, firmware, missingFirmware } = drivers.report
  const rows = [
    ['initramfs', `${output}, ${bytesText(size)}`],
    ['kernel', `${kernelVersion} (${architecture})`],
    ['tools', `${bytesText(tools.size)}, ${bytesText(tools.unpackedSize)} unpacked: ${tools.report.busybox}`],
    ['drivers', `${bytesText(drivers.size)}, ${bytesText(drivers.unpackedSize)} unpacked: ${modules.length} modules`],
    ['firmware', `${firmware.length} files`],
    ['missing', missingText(missingFirmware)],
  ]
  return table(rows)
}

/** Firmware is not always needed, so what is missing is told, not refused. */
function missingText(missing: DriversReport['missingFirmware']): string {
  if (missing.length === 0) return 'no firmware'
  const modules = [...new Set(missing.map(({ module }) => module))]
  return `${missing.length} firmware files, for ${modules.join(' ')} (all names: --json)`
}
