import type { EffectiveProfile } from '../config/effective.ts'
import { type KernelInfo, StoreError } from '../image/release.ts'
import type { Release, ReleaseStore } from '../image/store.ts'
import type { NfsExport, NfsExports } from '../protocols/nfs/export.ts'
import type { ByteSource } from '../storage/byte-source.ts'
import { resolvePath } from '../storage/paths.ts'
import { bytesOf } from '../wire/bytestring.ts'
import { hex, toHex } from '../wire/hex.ts'

/** One kernel of one release. */
export interface PinnedRelease {
  /** SHA-256, in hex. */
  readonly release: string
  readonly kernel: string
}

/** What of a profile decides that. */
export type ProfileChoice = Pick<EffectiveProfile, 'image' | 'release' | 'kernel'>

/** A release and the kernel of it that a profile boots. */
export interface ChosenRelease {
  readonly digest: string
  readonly kernel: KernelInfo
}

/** Which word of a profile names what the store has not. */
export type ChoiceField = 'image' | 'release' | 'kernel'

/** A profile names an image, a release or a kernel that the store has not. */
export class ChoiceError extends StoreError {
  readonly field: ChoiceField

  constructor(field: ChoiceField, message: string) {
    super(message)
    this.field = field
  }
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
   * @throws {ChoiceError} if there is no such image, release or kernel
   * @throws {StoreError} if the release is damaged
   */
  async choose({ image, release, kernel }: ProfileChoice): Promise<ChosenRelease> {
    const digest = await this.#digestOf(image, release)
    const { info } = await this.get(digest)
    const usable = info.kernels.filter(({ modules }) => modules !== null)
    const found = usable.find(({ version }) => (kernel ?? version) === version)
    if (found !== undefined) return { digest, kernel: found }
    const known = usable.map(({ version }) => version).join(', ') || 'none with modules'
    const wanted = kernel === undefined ? 'that a machine can boot' : `"${kernel}"`
    throw new ChoiceError(
      'kernel',
      `Release ${digest.slice(0, 12)} of ${image} has no kernel ${wanted}; it has ${known}`,
    )
  }

  /**
   * What a boot began with, whatever its profile says meanwhile.
   *
   * @throws {StoreError} if there is no such release or kernel
   */
  async pinned({ release, kernel }: PinnedRelease): Promise<ChosenRelease> {
    const { info } = await this.get(release)
    const found = info.kernels.find(({ version }) => version === kernel)
    if (found !== undefined) return { digest: release, kernel: found }
    throw new StoreError(`Release ${release.slice(0, 12)} has no kernel ${kernel}`)
  }

  /**
   * A release whatever its image has for newest, with the kernel that a profile names, or its newest.
   *
   * @throws {StoreError} if there is no such release or kernel
   */
  async kept(digest: string, kernel: string | undefined): Promise<ChosenRelease> {
    const { info } = await this.get(digest)
    const usable = info.kernels.filter(({ modules }) => modules !== null)
    const found = usable.find(({ version }) => (kernel ?? version) === version)
    if (found !== undefined) return { digest, kernel: found }
    throw new StoreError(`Release ${digest.slice(0, 12)} has no kernel ${kernel ?? 'that a machine can boot'}`)
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

  async #digestOf(name: string, release: string | undefined): Promise<string> {
    const image = await this.#store.image(name)
    const [newest] = image?.releases ?? []
    if (image === undefined || newest === undefined) {
      const known = (await this.#store.images()).map((other) => other.name).join(', ') || 'none'
      const advice = `make it with: netroot image build ${name} --store ${this.#store.directory}`
      throw new ChoiceError(
        'image',
        `There is no image "${name}" in ${this.#store.directory}, images are: ${known}; ${advice}`,
      )
    }
    if (release === undefined) return newest.digest
    const found = image.releases.filter(({ digest }) => digest.startsWith(release))
    if (found.length === 1 && found[0] !== undefined) return found[0].digest
    const known = image.releases.map(({ digest }) => digest.slice(0, 12)).join(', ')
    const fault =
      found.length === 0 ? `has no release "${release}"` : `has several releases that begin with "${release}"`
    throw new ChoiceError('release', `Image ${name} ${fault}, its releases are: ${known}`)
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
