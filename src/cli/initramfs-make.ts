import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stateDirectory } from '../config/paths.ts'
import { archOfBinary } from '../image/kernel-arch.ts'
import { kernelCompression, type PartCompression } from '../initramfs/compress.ts'
import { hostDevices } from '../initramfs/host-devices.ts'
import { joinParts } from '../initramfs/join.ts'
import { ensureWhole } from '../initramfs/whole.ts'
import { kernelFile, newestKernel } from '../initramfs/kernel-file.ts'
import type { Part } from '../initramfs/part.ts'
import { ensureDriversOf, ensureMicrocode, ensureTools, type ToolsReport } from '../initramfs/parts.ts'
import type { DriversScope } from '../initramfs/scope.ts'
import { authorizedKeysPart, ensureSsh } from '../initramfs/ssh.ts'
import type { FileTree } from '../storage/file-tree.ts'
import { readPath } from '../storage/paths.ts'
import { writeFileAtomic } from '../sys/files.ts'
import { UsageError } from './failure.ts'
import { type BuiltInitramfs, explainInitramfs, renderInitramfs } from './initramfs-report.ts'
import { type OpenRoot, openRoot } from './initramfs-root.ts'
import { interruptible } from './interruptible.ts'
import { Progress } from './progress.ts'
import { printJson } from './text.ts'

/** What the command line says. */
export interface InitramfsOptions {
  readonly root?: string
  readonly kernel?: string
  readonly fit: readonly string[]
  readonly hostonly?: boolean
  readonly modules: readonly string[]
  readonly all?: boolean
  readonly microcode: boolean
  /** A file of public keys. */
  readonly ssh?: string
  readonly compress?: PartCompression
  readonly output?: string
  readonly kernelOutput?: string
  readonly explain?: boolean
  readonly cache: boolean
  readonly store?: string
  readonly json?: boolean
}

/** `netroot initramfs build`, once its words are read. */
export async function runInitramfsBuild(path: string | undefined, options: InitramfsOptions): Promise<void> {
  if (path === undefined) throw new UsageError('Cannot build an initramfs of nothing: want the ROOT that it is for')
  if (options.output === undefined && options.explain !== true)
    throw new UsageError('Cannot tell where the initramfs goes: want -o FILE (or --explain, to see what it would hold)')
  const scope = await scopeOf(options)
  const built = await interruptible((signal) => build(path, scope, options, signal))
  if (options.json === true) return printJson(built)
  process.stdout.write(renderInitramfs(built))
  if (options.explain === true) process.stdout.write(`\n${explainInitramfs(built)}`)
}

async function scopeOf({ all = false, hostonly = false, fit }: InitramfsOptions): Promise<DriversScope> {
  if (all && (hostonly || fit.length > 0))
    throw new UsageError('Cannot fit an initramfs and put all modules in: want --all or --fit, --hostonly, not both')
  if (all) return { kind: 'all' }
  if (hostonly) return { kind: 'fit', devices: [...fit, ...(await hostDevices())], lenient: true }
  return fit.length === 0 ? { kind: 'generic' } : { kind: 'fit', devices: fit }
}

async function build(
  path: string,
  scope: DriversScope,
  options: InitramfsOptions,
  signal: AbortSignal,
): Promise<BuiltInitramfs> {
  const progress = new Progress()
  const store = options.store ?? stateDirectory()
  const scratch = options.cache ? undefined : await mkdtemp(join(tmpdir(), 'netroot-initramfs-'))
  await using root = await openRoot(path, store)
  try {
    const cache = scratch ?? join(store, 'cache')
    return await buildFrom(root, { cache, packages: join(store, 'cache/debian'), progress, signal }, scope, options)
  } finally {
    progress.end()
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true })
  }
}

interface Workplace {
  readonly cache: string
  readonly packages: string
  readonly progress: Progress
  readonly signal: AbortSignal
}

async function buildFrom(
  root: OpenRoot,
  { cache, packages, progress, signal }: Workplace,
  scope: DriversScope,
  options: InitramfsOptions,
): Promise<BuiltInitramfs> {
  const { tree } = root
  const keys = options.ssh === undefined ? undefined : authorizedKeysPart(await readFile(options.ssh, 'utf8'))
  const version = options.kernel ?? (await newestOf(root))
  const compression = options.compress ?? (await kernelCompression(tree, version))
  progress.update(() => `drivers of ${version}`)
  const kernel = await kernelFile(tree, version)
  const makeTools = (architecture: string): Promise<Part<ToolsReport>> =>
    ensureTools(cache, { architecture, compression: 'none', packagesDirectory: packages, signal })
  const likely = kernel === undefined ? undefined : archOfBinary((await readPath(tree, kernel, 4096)) ?? NOTHING)
  const early = likely === undefined ? undefined : settled(makeTools(likely)) // while the drivers are made
  const drivers = await ensureDriversOf(cache, root, version, { scope, modules: options.modules }, 'none')
  const { architecture } = drivers.report
  const tools = await (early !== undefined && likely === architecture ? early : makeTools(architecture))
  const isPc = architecture === 'amd64' || architecture === 'i386'
  const microcode = options.microcode && isPc ? await ensureMicrocode(cache, tree) : undefined
  const request = { architecture, compression: 'none', packagesDirectory: packages, signal } as const
  const ssh = keys === undefined ? undefined : await ensureSsh(cache, request)
  const whole = await ensureWhole(cache, [tools, drivers, ...(ssh === undefined ? [] : [ssh])], compression)
  const parts = [...(microcode === undefined ? [] : [microcode.path]), whole.path]
  const size = await joinWithKeys(parts, keys, options.output)
  if (options.kernelOutput !== undefined) await writeKernel(tree, version, kernel, options.kernelOutput)
  return { output: options.output, size, compression, kernel, microcode, tools, drivers, ssh }
}

/** Keys are a file of their own at the end: they are in no cache. */
async function joinWithKeys(
  parts: readonly string[],
  keys: Uint8Array | undefined,
  output: string | undefined,
): Promise<number> {
  if (keys === undefined) return joinParts(parts, output)
  const scratch = await mkdtemp(join(tmpdir(), 'netroot-keys-'))
  try {
    const file = join(scratch, 'keys.cpio')
    await writeFileAtomic(file, keys)
    return await joinParts([...parts, file], output)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const NOTHING = new Uint8Array()

/** So that a failure waits until somebody asks for the result. */
function settled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

async function newestOf({ tree, name }: OpenRoot): Promise<string> {
  const newest = await newestKernel(tree)
  if (newest !== undefined) return newest
  throw new Error(`Cannot find a kernel's modules in ${name}: /lib/modules/VERSION is missing; install a kernel in it`)
}

async function writeKernel(tree: FileTree, version: string, path: string | undefined, output: string): Promise<void> {
  const content = path === undefined ? undefined : await readPath(tree, path)
  if (content !== undefined) return writeFileAtomic(output, content)
  const wanted = `want /boot/vmlinuz-${version} or /usr/lib/modules/${version}/vmlinuz`
  throw new Error(`Cannot find the kernel ${version} itself in the root: there are its modules only, ${wanted}`)
}
