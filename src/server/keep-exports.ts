import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import type { Keep, KeepOwner, Keeps } from '../image/keeps.ts'
import { StoreError } from '../image/release.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import type { BootEvent } from '../fleet/events.ts'
import { Evidence } from '../fleet/evidence.ts'
import type { KeepEvent, KeepFreed } from '../fleet/keep-events.ts'
import { type Mac, tryParseMac } from '../net/mac.ts'
import { KEY_BYTES, type NfsExport, type NfsExports } from '../protocols/nfs/export.ts'
import { type Grant, type Policy, READ_ONLY } from '../protocols/nfs/policy.ts'
import { OverlayTree } from '../storage/overlay-tree.ts'
import { Mutex } from '../storage/overlay/mutex.ts'
import { tieTo } from '../storage/overlay/parts.ts'
import { type Logger, messageWithCauses } from '../sys/log.ts'
import { byteStringFrom } from '../wire/bytestring.ts'
import { KeepRoomWatch } from './keep-room.ts'
import type { Releases } from './releases.ts'

/** The machine is the only one here, and the root is its own: root is root. */
const OWN: Grant = { ...READ_ONLY, writes: true }
/** How long an address is taken for that of a boot without looking. */
const ADDRESS_MS = 1000
const PATH = /^\/keep\/([0-9a-f]{2}(?:-[0-9a-f]{2}){5})\/([0-9a-z]+)$/

export interface KeepExportsOptions {
  readonly keeps: Keeps
  readonly releases: Pick<Releases, 'get'>
  /** The address that the machine of a boot has now. */
  readonly addressOf: (boot: string) => string | undefined
  /** Told what becomes of the directory of a boot. */
  readonly tell?: (boot: string, event: KeepEvent) => void
  /** What was told before of a boot's directory; needed once it is opened again. */
  readonly told?: (boot: string) => readonly BootEvent[]
  readonly log: Logger
}

interface Open {
  readonly boot: string
  readonly key: string
  readonly tree: OverlayTree
  readonly served: NfsExport
  readonly room: KeepRoomWatch
}

/**
 * The roots of machines that keep what they write, `/keep/MAC/BOOT`: the release with the machine's own directory above
 * it. Only the machine of that boot may use it, by its address, and only as long as no later boot of it has mounted its
 * own: handles of an earlier boot are stale then, so two systems never write at once.
 */
export class KeepExports implements AsyncDisposable {
  readonly #options: KeepExportsOptions
  readonly #open = new Map<Mac, Open>()
  readonly #byKey = new Map<string, NfsExport>()
  readonly #mutex = new Mutex()

  constructor(options: KeepExportsOptions) {
    this.#options = options
  }

  /** The release that a machine's changes are above; undefined where it has changed nothing yet. */
  async releaseOf(mac: Mac): Promise<string | undefined> {
    const keep = await this.#options.keeps.get(mac)
    return keep?.owner.boot === undefined ? undefined : keep.release
  }

  /**
   * Gives a boot the way to its root. What the machine had changed stays; a new machine gets a directory.
   *
   * @param release SHA-256, which must be that of {@link releaseOf} where there is one
   * @returns the path of its export
   * @throws {StoreError} if the directory belongs to another machine with the same address
   */
  offer({ id, machine: { mac, uuid } }: Boot, name: string, release: string): Promise<string> {
    return this.#mutex.run(async () => {
      const { keeps } = this.#options
      const known = await keeps.get(mac)
      const owner = known?.owner ?? { name }
      refuseOther(mac, owner, uuid)
      const isNoted = owner.name === name && (owner.boot === id || owner.next === id)
      if (!isNoted) {
        const isNext = owner.boot !== id
        await keeps.note(mac, { ...owner, name, next: isNext ? id : undefined, nextUuid: isNext ? uuid : undefined })
      }
      if (owner.boot === undefined && known?.release !== release) await this.#tie(mac, release)
      return `/keep/${mac.replaceAll(':', '-')}/${id}`
    })
  }

  /** All other paths are those of the releases. */
  readonly exports: NfsExports = {
    byPath: (path) => {
      const [, mac = '', boot = ''] = PATH.exec(path) ?? []
      const parsed = tryParseMac(mac.replaceAll('-', ':'))
      return parsed === undefined ? undefined : this.#mutex.run(() => this.#get(parsed, boot))
    },
    byKey: (key) => this.#byKey.get(key) ?? this.#mutex.run(() => this.#withKey(key)),
    // without the boots: who walks here must know his own
    paths: async () => (await this.#options.keeps.all()).map(({ mac }) => `/keep/${mac.replaceAll(':', '-')}`),
  }

  /**
   * The machine of a boot has gone: others may open its directory now. Should it come back all the same, its handles open
   * the directory anew.
   */
  release(boot: string, why: KeepFreed['why']): Promise<void> {
    return this.#mutex.run(async () => {
      for (const [mac, open] of this.#open) {
        if (open.boot !== boot) continue
        await this.#close(mac)
        this.#tell(boot, { type: 'keep.freed', at: Date.now(), why })
      }
    })
  }

  /** Nobody at an address has a lease any more: a machine lost its power, or its network. */
  async releaseSilent(address: string): Promise<void> {
    const plain = plainAddress(address)
    const silent = [...this.#open.values()].filter(({ boot }) => this.#options.addressOf(boot) === plain)
    for (const { boot } of silent) await this.release(boot, 'silent')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#mutex.run(async () => {
      for (const mac of this.#open.keys()) await this.#close(mac)
    })
  }

  async #tie(mac: Mac, release: string): Promise<void> {
    const directory = this.#options.keeps.directoryOf(mac)
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await tieTo(directory, release)
  }

  /** Of the boot that has it, or of the one that was offered it and takes over now. */
  async #get(mac: Mac, boot: string): Promise<NfsExport | undefined> {
    const open = this.#open.get(mac)
    if (open?.boot === boot) return open.served
    const keep = await this.#options.keeps.get(mac)
    if (keep?.release === undefined || (keep.owner.boot !== boot && keep.owner.next !== boot)) return undefined
    await this.#close(mac)
    const { owner, release } = keep
    if (owner.boot === boot) return this.#openKeep(keep, release, boot)
    await this.#options.keeps.note(mac, taken(owner, boot))
    const served = await this.#openKeep(keep, release, boot)
    this.#tell(boot, openedEvent(owner, release))
    return served
  }

  #tell(boot: string, event: KeepEvent): void {
    this.#options.tell?.(boot, event)
  }

  /** A handle from before the server was started. */
  async #withKey(key: string): Promise<NfsExport | undefined> {
    for (const { mac, owner } of await this.#options.keeps.all()) {
      if (owner.boot !== undefined && byteStringFrom(keyOf(mac, owner.boot)) === key) return this.#get(mac, owner.boot)
    }
    return undefined
  }

  async #openKeep({ mac, directory }: Keep, digest: string, boot: string): Promise<NfsExport> {
    const tree = await this.#openTree(directory, digest).catch((error: unknown) => {
      this.#tell(boot, { type: 'keep.refused', at: Date.now(), why: messageWithCauses(error) })
      throw error
    })
    const key = keyOf(mac, boot)
    const path = `/keep/${mac.replaceAll(':', '-')}/${boot}`
    const { isFull } = new Evidence(this.#options.told?.(boot) ?? [], 0)
    const room = new KeepRoomWatch(tree, (event) => this.#tell(boot, event), isFull)
    const onRefusal = room.refused.bind(room)
    const served = { path, key, tree, policy: this.#policyOf(boot), onRefusal }
    this.#open.set(mac, { boot, key: byteStringFrom(key), tree, served, room })
    this.#byKey.set(byteStringFrom(key), served)
    this.#options.log.info('a machine writes into its own directory', { mac, boot, directory })
    return served
  }

  async #openTree(directory: string, digest: string): Promise<OverlayTree> {
    const release = await this.#options.releases.get(digest)
    return OverlayTree.open(release.tree, digest, directory)
  }

  /** Asked at every call, so the database is not; but an address that was given to another machine is soon forgotten. */
  #policyOf(boot: string): Policy {
    let known: string | undefined
    let askedAt = -Infinity
    return ({ address }) => {
      const plain = plainAddress(address)
      const now = performance.now()
      if (plain !== known || now - askedAt > ADDRESS_MS) [known, askedAt] = [this.#options.addressOf(boot), now]
      return plain === known ? OWN : undefined
    }
  }

  async #close(mac: Mac): Promise<void> {
    const open = this.#open.get(mac)
    if (open === undefined) return
    this.#open.delete(mac)
    this.#byKey.delete(open.key)
    open.room[Symbol.dispose]()
    await open.tree.close()
  }
}

/** Releases and the roots of machines, by their paths and keys. */
export function joinExports(first: NfsExports, second: NfsExports): NfsExports {
  return {
    byPath: async (path) => (await first.byPath(path)) ?? second.byPath(path),
    byKey: (key) => {
      const found = first.byKey(key)
      if (found instanceof Promise) return found.then((one) => one ?? second.byKey(key))
      return found ?? second.byKey(key)
    },
    paths: async () => [...(await first.paths()), ...(await second.paths())],
  }
}

/** @param owner before this boot took over */
function openedEvent({ boot, uuid, nextUuid, movedFrom }: KeepOwner, release: string): KeepEvent {
  const isGiven = boot !== undefined && uuid === undefined && nextUuid !== undefined
  const moved = movedFrom === undefined ? {} : { movedFrom }
  return { type: 'keep.opened', at: Date.now(), release, isNew: boot === undefined, isGiven, ...moved }
}

function plainAddress(address: string): string {
  return address.replace(/^::ffff:/, '')
}

function taken({ name, uuid, nextUuid }: KeepOwner, boot: string): KeepOwner {
  return { name, boot, uuid: nextUuid ?? uuid }
}

/** Cloned virtual machines, and cards that were moved: two systems must not write into one directory. */
function refuseOther(mac: Mac, { uuid, name }: KeepOwner, other: string | undefined): void {
  if (uuid === undefined || other === undefined || uuid === other) return
  const whose = name === '' ? mac : name
  throw new StoreError(
    `The root of ${whose} belongs to the machine with the UUID ${uuid}, and this one, with the same MAC address ${mac}, ` +
      `has ${other}: give one of them another address; if the machine was replaced: netroot keep give ${mac}`,
  )
}

/** The same after a restart; another one for each boot. */
function keyOf(mac: Mac, boot: string): Uint8Array {
  return createHash('sha256').update(`keep\0${mac}\0${boot}`).digest().subarray(0, KEY_BYTES)
}
