import type { FileTree } from '../storage/file-tree.ts'
import { readPath, resolvePath } from '../storage/paths.ts'
import { textOf } from '../wire/bytestring.ts'
import { archOfBinary } from './kernel-arch.ts'
import { checkModules } from './modules-check.ts'
import { type KernelInfo, StoreError } from './release.ts'
import { compareVersions } from './version.ts'

/** What can be said of a root once its archive is read. */
export interface RootInfo {
  /** PRETTY_NAME of os-release. */
  readonly system: string
  readonly arch: string
  /** Newest first; at least one has its modules. */
  readonly kernels: readonly KernelInfo[]
}

/** What the kernel would start as process 1, and where distributions keep systemd. */
const INITS = ['sbin/init', 'usr/lib/systemd/systemd', 'lib/systemd/systemd', 'etc/init', 'bin/init']

/**
 * Looks at a root and says what it is.
 *
 * @throws {StoreError} if a machine could not boot it: no init, no kernel, no modules for its kernel, no modules.dep
 */
export async function inspectRoot(tree: FileTree): Promise<RootInfo> {
  await checkInit(tree)
  const found = await findKernels(tree)
  const [newest] = found
  if (newest === undefined) throw new StoreError(await noKernelText(tree))
  const problems = new Map<string, string>()
  const kernels: KernelInfo[] = []
  for (const kernel of found) {
    const problem = await checkModules(tree, kernel.version)
    if (problem !== undefined) problems.set(kernel.version, problem)
    kernels.push({ ...kernel, modules: problem === undefined ? `lib/modules/${kernel.version}` : null })
  }
  if (problems.size === kernels.length) throw new StoreError(problems.get(newest.version) ?? '')
  const arch = await archOf(tree, newest.arch)
  return { system: await systemOf(tree), arch, kernels }
}

async function checkInit(tree: FileTree): Promise<void> {
  for (const path of INITS) {
    const node = await resolvePath(tree, path)
    if (node === undefined) continue
    const { type, mode } = await tree.attributes(node)
    if (type === 'file' && (mode & 0o111) !== 0) return
  }
  const top = (await tree.list(tree.root)).slice(0, 12).map((entry) => textOf(entry.name))
  const wanted = 'want /sbin/init or /usr/lib/systemd/systemd (Debian: package systemd-sysv)'
  throw new StoreError(`It has no init, ${wanted}; at its top are: ${top.join(', ') || 'nothing'}`)
}

/** usr/lib/modules/V/vmlinuz (Fedora, Arch, SUSE) and boot/vmlinuz-V (Debian). */
async function findKernels(tree: FileTree): Promise<KernelInfo[]> {
  const found = new Map<string, KernelInfo>()
  for (const version of await namesIn(tree, 'lib/modules')) {
    await addKernel(tree, found, version, `lib/modules/${version}/vmlinuz`)
  }
  for (const name of await namesIn(tree, 'boot')) {
    const version = /^vmlinu[xz]-(.+)$/.exec(name)?.[1]
    if (version !== undefined) await addKernel(tree, found, version, `boot/${name}`)
  }
  return [...found.values()].sort((a, b) => compareVersions(b.version, a.version))
}

async function addKernel(tree: FileTree, found: Map<string, KernelInfo>, version: string, path: string): Promise<void> {
  const node = await resolvePath(tree, path)
  if (found.has(version) || node === undefined) return
  const { type, size } = await tree.attributes(node)
  if (type !== 'file' || size === 0) return
  const arch = archOfBinary((await readPath(tree, path, 4096)) ?? new Uint8Array(0)) ?? 'unknown'
  found.set(version, { version, path, size, arch, modules: null })
}

async function noKernelText(tree: FileTree): Promise<string> {
  const modules = await namesIn(tree, 'lib/modules')
  const wanted = 'want /boot/vmlinuz-VERSION or /usr/lib/modules/VERSION/vmlinuz (Debian: package linux-image-amd64)'
  const have = modules.length === 0 ? '' : `; there are modules of ${modules.join(', ')}`
  return `It has no kernel, ${wanted}${have}`
}

async function namesIn(tree: FileTree, path: string): Promise<string[]> {
  const node = await resolvePath(tree, path)
  return node === undefined ? [] : (await tree.list(node)).map((entry) => textOf(entry.name))
}

async function systemOf(tree: FileTree): Promise<string> {
  const text = (await readPath(tree, 'etc/os-release')) ?? (await readPath(tree, 'usr/lib/os-release'))
  const value = (key: string): string | undefined =>
    new RegExp(`^${key}=(["']?)(.*)\\1\\s*$`, 'm').exec(text?.toString('utf8') ?? '')?.[2]
  return value('PRETTY_NAME') ?? value('NAME') ?? 'Linux'
}

/** Of the kernel if it tells, else of dpkg or of the shell. */
async function archOf(tree: FileTree, ofKernel: string): Promise<string> {
  if (ofKernel !== 'unknown') return ofKernel
  const dpkg = (await readPath(tree, 'var/lib/dpkg/arch'))?.toString('latin1').split('\n')[0]
  const shell = archOfBinary((await readPath(tree, 'bin/sh', 4096)) ?? new Uint8Array(0))
  return dpkg || shell || 'unknown'
}
