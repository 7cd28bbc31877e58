import type { EffectiveProfile } from '../config/effective.ts'
import { type KernelInfo, StoreError } from '../image/release.ts'
import type { Release, ReleaseStore } from '../image/store.ts'
import type { NfsExport, NfsExports } from '../protocols/nfs/export.ts'
import type { ByteSource } from '../storage/byte-source.ts'
import { resolvePath } from '../storage/paths.ts'
import { bytesOf } from '../wire/bytestring.ts'
import { hex, toHex } from '../wire/hex.ts'

/** A release and the kernel of it that a profile boots. */
export interface ChosenRelease {
  readonly digest: string
  readonly kernel: KernelInfo
}

const NFS_PATH = '/release/'

/**
 * The releases that are served. One stays open from the first machine that asks for it until the server ends, so that
 * none is removed under a running machine; machines that come back after a restart of the server open theirs again.
 */
export class Releases implements AsyncDisposable {
  readonly #store: ReleaseStore
  readonly #open = new Map<string, Promise<Release>>()
  readonly #exports = new Map<string, NfsExport>()

  constructor(store: ReleaseStore) {
    this.#store = store
  }

  /**
   * What a profile boots now: the newest release of its image, unless it names one.
   *
   * @throws {StoreError} if there is no such image, release or kernel
   */
  async choose({ image, release, kernel }: EffectiveProfile): Promise<ChosenRelease> {
    const digest = await this.#store.resolve(release === undefined ? image : `${image}@${release}`)
    const { info } = await this.get(digest)
    const found = info.kernels.find(({ version, modules }) => modules !== null && (kernel ?? version) === version)
    if (found !== undefined) return { digest, kernel: found }
    const known = info.kernels.map(({ version }) => version).join(', ')
    throw new StoreError(`Release ${digest.slice(0, 12)} of ${image} has no kernel ${kernel}, only ${known}`)
  }

  /** An open release. @throws {StoreError} if there is none with this digest, or it is damaged */
  async get(digest: string): Promise<Release> {
    const open = this.#open.get(digest) ?? this.#store.openRelease(digest)
    this.#open.set(digest, open)
    try {
      const release = await open
      this.#keepExport(release)
      return release
    } catch (error) {
      this.#open.delete(digest)
      throw error
    }
  }

  /** A kernel of a release. @throws {StoreError} if there is no such release or kernel */
  async kernel(digest: string, version: string): Promise<ByteSource> {
    const { info, tree } = await this.get(digest)
    const kernel = info.kernels.find((one) => one.version === version)
    const node = kernel === undefined ? undefined : await resolvePath(tree, kernel.path)
    if (node === undefined) throw new StoreError(`Release ${digest.slice(0, 12)} has no kernel ${version}`)
    return tree.open(node)
  }

  /** The releases as NFS exports, `/release/DIGEST`; the key in their handles is the beginning of the digest. */
  readonly exports: NfsExports = {
    byPath: async (path) => {
      const digest = path.startsWith(NFS_PATH) ? path.slice(NFS_PATH.length) : ''
      return /^[0-9a-f]{64}$/.test(digest) ? this.#export(digest) : undefined
    },
    byKey: (key) => {
      const start = toHex(bytesOf(key))
      return this.#exports.get(start) ?? this.#exportStarting(start)
    },
    paths: async () => (await this.#store.releases()).map(({ digest }) => NFS_PATH + digest),
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const release of await Promise.allSettled(this.#open.values())) {
      if (release.status === 'fulfilled') await release.value.close()
    }
    this.#open.clear()
    this.#exports.clear()
  }

  async #export(digest: string): Promise<NfsExport | undefined> {
    try {
      return this.#keepExport(await this.get(digest))
    } catch (error) {
      if (error instanceof StoreError) return undefined
      throw error
    }
  }

  /** A handle of a release that this server has not opened yet: it was started again under a running machine. */
  async #exportStarting(start: string): Promise<NfsExport | undefined> {
    const known = await this.#store.releases()
    const digest = known.find((release) => release.digest.startsWith(start))?.digest
    return digest === undefined ? undefined : this.#export(digest)
  }

  #keepExport({ info: { digest }, tree }: Release): NfsExport {
    const start = digest.slice(0, 32)
    const known = this.#exports.get(start) ?? { path: NFS_PATH + digest, key: hex(start), tree }
    this.#exports.set(start, known)
    return known
  }
}
