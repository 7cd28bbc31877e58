import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type DebianPackage, fetchDebianPackages } from '../../src/sys/debian-packages.ts'
import { run } from '../../src/sys/run.ts'
import { TEST_CACHE } from '../support/debian.ts'

/** A Debian for one kind of processor. */
export interface Distribution {
  readonly suite: string
  readonly architecture: string
  /** The package that names its newest kernel. */
  readonly kernel: string
}

export const DISTRIBUTIONS: readonly Distribution[] = [
  { suite: 'bullseye', architecture: 'amd64', kernel: 'linux-image-amd64' },
  { suite: 'bookworm', architecture: 'amd64', kernel: 'linux-image-amd64' },
  { suite: 'bookworm', architecture: 'i386', kernel: 'linux-image-686-pae' }, // the last with a 32-bit kernel
  { suite: 'trixie', architecture: 'amd64', kernel: 'linux-image-amd64' },
  { suite: 'trixie', architecture: 'arm64', kernel: 'linux-image-arm64' },
  { suite: 'sid', architecture: 'amd64', kernel: 'linux-image-amd64' },
]

/** A root that holds no more than a kernel and its modules. */
export interface KernelRoot {
  readonly directory: string
  readonly kernelVersion: string
  /** The kernel itself, on this host. */
  readonly kernelPath: string
}

/**
 * The kernel of a Debian as it lies in a root, kept between runs of the tests: enough to make an initramfs and to boot
 * a machine up to where its root is mounted. Some 15 s and 100 MB for the first time.
 */
export async function kernelRoot({ suite, architecture, kernel }: Distribution): Promise<KernelRoot> {
  const request = { suite, architecture, cacheDir: join(TEST_CACHE, 'store/cache/debian') }
  const deb = await newestKernel(request, kernel)
  const parts = await partsOf(request, deb)
  const kernelVersion = deb.name.replace(/^linux-image-/, '')
  const directory = join(TEST_CACHE, 'kernel-roots', `${suite}-${architecture}-${deb.digest.slice(0, 12)}`)
  if ((await stat(directory).catch(() => undefined)) === undefined)
    await unpack([deb, ...parts], directory, kernelVersion)
  return { directory, kernelVersion, kernelPath: join(directory, 'boot', `vmlinuz-${kernelVersion}`) }
}

type Request = Omit<Parameters<typeof fetchDebianPackages>[0], 'packages'>

async function newestKernel(request: Request, meta: string): Promise<DebianPackage> {
  const names = await fetchOne(request, meta)
  const depends = (await run('dpkg-deb', ['-f', names.path, 'Depends'])).toString()
  const name = /linux-image-\d[\w.+-]+/.exec(depends)?.[0]
  if (name === undefined) throw new Error(`Cannot find the kernel that ${meta} names: it depends on ${depends}`)
  return fetchOne(request, name)
}

/** Since sid of 2026 the kernel, its configuration and its modules are in packages of their own. */
async function partsOf(request: Request, kernel: DebianPackage): Promise<DebianPackage[]> {
  const depends = (await run('dpkg-deb', ['-f', kernel.path, 'Depends'])).toString()
  const names = depends.match(/linux-(?:base|binary|modules)-\d[\w.+-]+/g) ?? []
  return Promise.all([...new Set(names)].map((name) => fetchOne(request, name)))
}

async function fetchOne(request: Request, name: string): Promise<DebianPackage> {
  const deb = (await fetchDebianPackages({ ...request, packages: [name] })).get(name)
  if (deb === undefined) throw new Error(`Cannot find the package ${name} of ${request.suite}`)
  return deb
}

/** Beside its place, so that a run that is stopped leaves nothing that looks whole. */
async function unpack(debs: readonly DebianPackage[], directory: string, kernelVersion: string): Promise<void> {
  const beside = `${directory}.tmp-${process.pid}`
  await rm(beside, { recursive: true, force: true })
  await mkdir(beside, { recursive: true })
  for (const { path } of debs) await run('dpkg-deb', ['-x', path, beside])
  // A package of before trixie has /lib/modules, a later one /usr/lib/modules.
  if ((await stat(join(beside, 'lib')).catch(() => undefined)) === undefined)
    await run('ln', ['-s', 'usr/lib', join(beside, 'lib')])
  const env = { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }
  await run('depmod', ['--basedir', beside, kernelVersion], { env }) // as its postinst does
  await rename(beside, directory)
}
