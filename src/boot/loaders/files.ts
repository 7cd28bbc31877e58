import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DebianPackage, fetchDebianPackages, readDebianFile } from '../../sys/debian-packages.ts'
import { makeDirectories, writeFileAtomic } from '../../sys/files.ts'

/** A loader that is sent to firmware. */
export interface LoaderFile {
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** SHA-256, in hex. */
  readonly digest: string
}

/** Which file of Debian's package `ipxe` is served under which name. */
const IPXE_FILES: Readonly<Record<string, string>> = {
  'undionly.kpxe': 'usr/lib/ipxe/undionly.kpxe',
  'snponly.efi': 'usr/lib/ipxe/snponly.efi',
  'ipxe.efi': 'usr/lib/ipxe/ipxe-amd64.efi',
  'ipxe.lkrn': 'usr/lib/ipxe/ipxe.lkrn',
}

/** Pinned, so that a machine's first step does not depend on how old the server's distribution is. */
const SUITE = 'trixie'

/**
 * The loaders, by the name under which they are served: out of Debian's package `ipxe` of a pinned suite, fetched
 * once and kept below `cacheDir`.
 *
 * @throws {Error} if the package is not in the cache and cannot be fetched
 */
export async function ensureLoaders(cacheDir: string, signal?: AbortSignal): Promise<ReadonlyMap<string, LoaderFile>> {
  const packages = await fetchDebianPackages({
    packages: ['ipxe'],
    suite: SUITE,
    architecture: 'amd64', // the package is for all; this names the index it is looked up in
    cacheDir: join(cacheDir, 'debian'),
    ...(signal === undefined ? {} : { signal }),
  })
  const ipxe = packages.get('ipxe')
  if (ipxe === undefined) throw new Error(`Cannot find the package ipxe of Debian ${SUITE}`)
  const directory = join(cacheDir, 'loaders', ipxe.digest.slice(0, 16))
  await makeDirectories(directory)
  const pairs = Object.entries(IPXE_FILES).map(
    async ([name, member]) => [name, await ensureFile(join(directory, name), ipxe, member)] as const,
  )
  return new Map(await Promise.all(pairs))
}

/** The digest of each file stands beside it; a file that is another than it says is taken out of the package anew. */
async function ensureFile(path: string, deb: DebianPackage, member: string): Promise<LoaderFile> {
  const content = await readFile(path).catch(() => undefined)
  const noted = await readFile(`${path}.sha256`, 'utf8').catch(() => '')
  if (content !== undefined && sha256(content) === noted) return { path, size: content.byteLength, digest: noted }
  const fresh = await readDebianFile(deb, member)
  const digest = sha256(fresh)
  await writeFileAtomic(path, fresh)
  await writeFileAtomic(`${path}.sha256`, digest)
  return { path, size: fresh.byteLength, digest }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
