import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NfsRoot } from '../boot/nfs-root.ts'
import type { OtherNfs as Settings } from '../config/nfs.ts'
import { dropIn } from '../exports/drop-in.ts'
import {
  hasRootExport,
  type NfsServerPlan,
  nfsServerExport,
  nfsServerPlan,
  nfsServerRoots,
} from '../exports/nfs-settings.ts'
import type { ReleaseStore } from '../image/store.ts'
import { type UnpackedRelease, UnpackedReleases } from '../image/unpack.ts'
import type { IpAddress } from '../net/ipv6.ts'
import { probeExport, type ProbeResult } from '../protocols/nfs/probe.ts'
import { Mutex } from '../storage/overlay/mutex.ts'
import { type Logger, messageWithCauses } from '../sys/log.ts'
import { CommandError } from '../sys/run.ts'
import { NfsServerError, readNfsNote, reloadNfsServer, writeNfsDropIn, writeNfsNote } from './nfs-drop-in.ts'

export interface OtherNfsOptions {
  readonly nfs: Settings
  /** The file that says so. */
  readonly configFile: string
  readonly store: ReleaseStore
  readonly stateDirectory: string
  /** Whose machines may mount, `10.0.0.0/24`. */
  readonly networks: readonly string[]
  /** Where machines find netroot. */
  readonly address: IpAddress
  /** Keeps a release from being removed as long as this process runs: machines may run on what is exported. */
  readonly hold: (digest: string) => Promise<unknown>
  readonly log: Logger
  /** Told what was written, for people. */
  readonly say: (text: string) => void
}

/** What the kernel's nfsd was told, exportfs(8). */
const ETAB = '/var/lib/nfs/etab'
/** A server that was told to read its files again may take a moment for it. */
const RELOAD_MS = 10_000
const AGAIN_MS = 200

/**
 * Another NFS server than netroot's own, which serves directories: the releases in use are unpacked for it, and its
 * drop-in file names them. What machines may still run on stays exported until the store has the release no more.
 */
export class OtherNfs {
  readonly plan: NfsServerPlan
  readonly #options: OtherNfsOptions
  readonly #unpacked: UnpackedReleases
  readonly #exported = new Map<string, UnpackedRelease>()
  readonly #mutex = new Mutex()
  #hasOwnRoot = false

  constructor(options: OtherNfsOptions) {
    const { nfs, store } = options
    this.plan = nfsServerPlan(nfs)
    this.#options = options
    this.#unpacked = new UnpackedReleases(store, nfs.directory)
  }

  /** `10.0.0.1:2049, the kernel's nfsd; its file is /etc/exports.d/netroot.exports`. */
  get words(): string {
    const { nfs, address } = this.#options
    return `${nfs.address ?? address}:${nfs.port}, ${this.plan.name}; its file is ${this.plan.file}`
  }

  /**
   * Unpacks and exports releases; those that are exported cost nothing.
   *
   * @throws {NfsServerError} if the file cannot be written, the server does not run, or does not have them afterwards
   * @throws {StoreError} if there is no such release
   */
  async ensure(digests: readonly string[]): Promise<void> {
    if (digests.every((digest) => this.#exported.has(digest))) return
    await this.#mutex.run(() => this.#export(digests))
  }

  /** Where machines that find netroot at an address find a release. @throws as `ensure()` */
  async rootsOf(digest: string, address: IpAddress): Promise<readonly NfsRoot[]> {
    await this.ensure([digest])
    const release = { digest, directory: this.#unpacked.pathOf(digest) }
    return nfsServerRoots(this.#options.nfs, release, address, this.#hasOwnRoot)
  }

  async #export(digests: readonly string[]): Promise<void> {
    if (digests.every((digest) => this.#exported.has(digest))) return // while it waited for its turn
    const { stateDirectory, nfs, hold, log } = this.#options
    if (process.getuid?.() !== 0) throw new NfsServerError(NOT_ROOT, { isRight: true })
    for (const digest of digests) requireFit((await this.#unpacked.ensure(digest)).directory)
    const releases = await this.#unpacked.all()
    for (const { digest } of releases) await hold(digest).catch((error: unknown) => log.warn(DAMAGED, { error }))
    const before = await readNfsNote(stateDirectory)
    const { file, kind, reload } = this.plan
    const directory = nfs.directory === undefined ? {} : { directory: nfs.directory }
    const known = releases.map(({ digest }) => digest)
    const note = { server: kind, file, reload: [...reload], ...directory }
    const gone =
      before?.directory === nfs.directory ? (before?.releases ?? []).filter((one) => !known.includes(one)) : []
    await writeNfsNote(stateDirectory, { ...note, releases: [...known, ...gone] })
    await this.#write(releases)
    await this.#check(releases, digests)
    for (const digest of gone) await this.#unpacked.remove(digest).catch((error: unknown) => log.warn(LEFT, { error }))
    await writeNfsNote(stateDirectory, { ...note, releases: known })
    for (const one of releases) this.#exported.set(one.digest, one)
  }

  async #write(releases: readonly UnpackedRelease[]): Promise<void> {
    const { nfs, networks, configFile, say, log } = this.#options
    const { file, reload, name } = this.plan
    const text = dropIn(nfsServerExport(nfs, releases, networks), configFile)
    const isNew = await writeNfsDropIn(file, text)
    const words = releases.length === 1 ? 'one release' : `${releases.length} releases`
    if (isNew) say(`${file} written, for ${name}: ${words}`)
    try {
      await reloadNfsServer(reload)
    } catch (error) {
      const isMissing = error instanceof CommandError && error.status === undefined
      const fault = `Cannot run "${reload.join(' ')}" for nfs: ${nfs.server}`
      if (isMissing) throw new NfsServerError(`${fault}; install it: ${this.plan.install}`, { cause: error })
      log.warn(fault, { error }) // it complains of other people's lines too: what the server has counts
    }
    if (isNew && reload.length > 0) say(`${reload.join(' ')} run`)
    if (nfs.server === 'kernel' && !this.plan.isRemote) this.#noteOwnRoot(await readFile(ETAB, 'utf8').catch(() => ''))
  }

  #noteOwnRoot(etab: string): void {
    const had = this.#hasOwnRoot
    this.#hasOwnRoot = hasRootExport(etab)
    if (this.#hasOwnRoot && !had) this.#options.log.warn(OWN_ROOT)
  }

  /** Asks the server itself, as a machine would. Where a person is to reload it, what it lacks is said and no more. */
  async #check(releases: readonly UnpackedRelease[], wanted: readonly string[]): Promise<void> {
    const { nfs, address, log } = this.#options
    const { reload, name } = this.plan
    if (this.#hasOwnRoot) return // version 4, by which is asked, does not show them
    for (const release of releases.filter(({ digest }) => wanted.includes(digest))) {
      const [root] = nfsServerRoots(nfs, release, address)
      const target = { host: nfs.address ?? address, port: nfs.port, path: root?.path ?? '/' }
      try {
        const result = await this.#ask(target, reload.length === 0 ? 0 : RELOAD_MS)
        if (result.kind === 'lacks') throw new NfsServerError(this.#lackWords(result, target.path))
        if (result.kind === 'has' && !result.isNumeric) throw new NfsServerError(this.#namesWords())
      } catch (error) {
        const isOurs = error instanceof NfsServerError
        const text = `${name} does not answer on ${target.host}:${target.port}; start it: ${this.plan.start}`
        const failure = isOurs ? error : new NfsServerError(text, { cause: error })
        if (reload.length > 0) throw failure
        log.warn(`${messageWithCauses(failure)} (nfs: reload: none leaves that to you)`)
      }
    }
  }

  async #ask(target: Parameters<typeof probeExport>[0], patienceMs: number): Promise<ProbeResult> {
    const until = performance.now() + patienceMs
    for (;;) {
      const result = await probeExport(target)
      if (result.kind !== 'lacks' || performance.now() >= until) return result
      await sleep(AGAIN_MS)
    }
  }

  /** Both tell numbers as netroot sets them up; ganesha reads that when it is started, and not again. */
  #namesWords(): string {
    const { kind, name } = this.plan
    const advice =
      kind === 'kernel'
        ? 'type: echo Y > /sys/module/nfsd/parameters/nfs4_disable_idmapping'
        : 'restart it once, it reads the settings for all exports at its start only: systemctl restart nfs-ganesha'
    return `${name} tells owners by name, which machines cannot read before they have their root; ${advice}`
  }

  #lackWords({ at, status }: Extract<ProbeResult, { readonly kind: 'lacks' }>, path: string): string {
    const { file, kind, name } = this.plan
    const advice =
      kind === 'kernel'
        ? 'see what "exportfs -v" and the kernel (dmesg) say; all directories above it must let everybody through (chmod a+x), and its file system must be one that nfsd can export'
        : `its configuration must have the line %include "${file}", and its log says what it thinks of it`
    return `${name} does not have ${path}: it says NFS status ${status} at ${at}; ${advice}`
  }
}

const NOT_ROOT =
  'nfs: kernel and nfs: ganesha need root, who alone can give unpacked files their owners; run netroot as root, or say nfs: embedded'
const DAMAGED = 'an older release is exported as it was unpacked, and can be removed under machines that run on it'
const LEFT = 'cannot remove what was unpacked of a release that is gone'
const OWN_ROOT =
  'another export of this host is the root of NFSv4 (fsid=0): machines are told NFSv3; take fsid=0 out of /etc/exports for NFSv4'

/** Both servers' files, and the URL of a root, take such paths as they are. */
function requireFit(directory: string): void {
  if (/^\/[\w.+@=~/-]*$/.test(directory)) return
  throw new NfsServerError(
    `Cannot export ${JSON.stringify(directory)}: want a path of letters, digits and ._+@=~- only; name one by nfs: { directory: … }`,
  )
}
