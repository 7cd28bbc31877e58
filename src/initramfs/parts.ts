import { join } from 'node:path'
import type { FileTree } from '../storage/file-tree.ts'
import type { DebianMirror } from '../sys/debian-mirror.ts'
import { fetchDebianPackages, readDebianFile } from '../sys/debian-packages.ts'
import { clientFiles } from './client-files.ts'
import { kernelCompression, type PartCompression } from './compress.ts'
import { APPLETS, FEATURES, FIRMWARE_LEFT_OUT, MODULES_FOR_ROOT } from './contents.ts'
import { buildDrivers, type DriversReport, type DriversRequest } from './drivers.ts'
import { buildMicrocode, type MicrocodeReport } from './microcode.ts'
import { ensurePart, type Part, sha256 } from './part.ts'
import { stampOfContents, stampOfIndexes } from './root-stamp.ts'
import { normalizeScope } from './scope.ts'
import { buildTools } from './tools.ts'

/** Pinned, so that what runs on the machines does not depend on how old the server's distribution is. */
const TOOLS_SUITE = 'trixie'

export interface ToolsRequest {
  /** Debian's name of the machines' architecture, as `DriversReport` tells it. */
  readonly architecture: string
  readonly compression: PartCompression
  /** Where packages are kept, `debian` of the cache where it is not given. */
  readonly packagesDirectory?: string
  /** Another `client/` than this checkout's. */
  readonly clientDirectory?: string
  readonly mirror?: DebianMirror
  readonly signal?: AbortSignal
}

/** What a tools part holds. */
export interface ToolsReport {
  readonly architecture: string
  /** Package and version, such as `busybox-static 1:1.37.0-6+b9`. */
  readonly busybox: string
  readonly applets: number
  /** Paths in the initramfs. */
  readonly client: readonly string[]
}

/**
 * The tools part: one per architecture, the same for every distribution. Fetches busybox once; afterwards no network
 * is needed.
 *
 * @param cacheDir of the store; what is made lies in its `initramfs/`, packages in its `debian/`
 * @throws {Error} if busybox is neither in the cache nor can be fetched, or `client/` is not complete
 */
export async function ensureTools(cacheDir: string, request: ToolsRequest): Promise<Part<ToolsReport>> {
  const { architecture, compression, clientDirectory } = request
  const client = await clientFiles(clientDirectory)
  const deb = await busyboxPackage(cacheDir, request)
  const report: ToolsReport = {
    architecture,
    busybox: `${deb.name} ${deb.version}`,
    applets: APPLETS.length,
    client: client.map(({ name }) => name),
  }
  return ensurePart(join(cacheDir, 'initramfs'), {
    kind: 'tools',
    inputs: [deb.digest, APPLETS, client.map(({ name, mode, content }) => [name, mode, sha256(content)])],
    compression,
    make: async () => {
      const busybox = await readDebianFile(deb, 'usr/bin/busybox')
      return { entries: buildTools({ busybox, busyboxName: report.busybox, client }), report }
    },
  })
}

async function busyboxPackage(cacheDir: string, request: ToolsRequest) {
  const { architecture, mirror, signal, packagesDirectory = join(cacheDir, 'debian') } = request
  const name = 'busybox-static'
  const packages = await fetchDebianPackages({
    packages: [name],
    suite: TOOLS_SUITE,
    architecture,
    cacheDir: packagesDirectory,
    ...(mirror === undefined ? {} : { mirror }),
    ...(signal === undefined ? {} : { signal }),
  })
  const deb = packages.get(name)
  if (deb === undefined) throw new Error(`Cannot find the package ${name} of Debian ${TOOLS_SUITE} for ${architecture}`)
  return deb
}

/** Which root a part is made from. */
export interface Source {
  readonly tree: FileTree
  /** SHA-256 of the root archive, or what else is another when the root is; where it is not given, the root may change. */
  readonly digest?: string
}

/**
 * The drivers part of one kernel of a root: a release, an archive, a directory.
 *
 * @param compression what the kernel reads best where it is not given; with `none` the part is for `ensureWhole()`,
 *   which compares its digest
 * @throws {DeviceWithoutDriverError} as `buildDrivers()`
 */
export async function ensureDriversOf(
  cacheDir: string,
  { tree, digest }: Source,
  kernelVersion: string,
  request: DriversRequest = {},
  compression?: PartCompression,
): Promise<Part<DriversReport>> {
  const { scope = { kind: 'generic' }, modules = [] } = request
  const wanted = { scope: normalizeScope(scope), modules: [...new Set(modules)].toSorted() }
  const identity = digest ?? (await stampOfIndexes(tree, kernelVersion))
  return ensurePart(join(cacheDir, 'initramfs'), {
    kind: 'drivers',
    inputs: [identity, kernelVersion, wanted, FEATURES, MODULES_FOR_ROOT, FIRMWARE_LEFT_OUT],
    compression: compression ?? (await kernelCompression(tree, kernelVersion)),
    make: () => buildDrivers(tree, kernelVersion, wanted),
    checkedLater: compression === 'none',
    ...(digest === undefined ? { stamp: (report: DriversReport) => stampOfContents(tree, report) } : {}),
  })
}

/**
 * The drivers part of one kernel of one release.
 *
 * @param releaseDigest of the root archive: with the kernel's version it decides what the part holds
 * @throws {Error} as `buildDrivers()`
 */
export async function ensureDrivers(
  cacheDir: string,
  tree: FileTree,
  releaseDigest: string,
  kernelVersion: string,
  request: DriversRequest = {},
): Promise<Part<DriversReport>> {
  return ensureDriversOf(cacheDir, { tree, digest: releaseDigest }, kernelVersion, request)
}

/** The early part of a root, undefined where it has no microcode. It comes before all others. */
export async function ensureMicrocode(cacheDir: string, tree: FileTree): Promise<Part<MicrocodeReport> | undefined> {
  const found = await buildMicrocode(tree)
  if (found === undefined) return undefined
  const contents = found.entries.map((entry) => [entry.name, entry.type === 'file' ? sha256(entry.content) : ''])
  return ensurePart(join(cacheDir, 'initramfs'), {
    kind: 'microcode',
    inputs: contents,
    compression: 'none',
    make: async () => found,
  })
}
