import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Mac, tryParseMac } from '../net/mac.ts'
import { claim } from '../sys/claim.ts'
import { releaseOf } from '../storage/overlay/parts.ts'
import { syncDirectory, writeFileAtomic } from '../sys/files.ts'
import { namesIn } from './marks.ts'
import { StoreError } from './release.ts'

const Owner = z.strictObject({
  /** What the machine was called when it last booted. */
  name: z.string(),
  /** SMBIOS UUID of the machine that has it. */
  uuid: z.string().optional(),
  /** The boot whose machine may write now. */
  boot: z.string().optional(),
  /** The boot that was given the way to it last, and may take over by mounting it. */
  next: z.string().optional(),
  /** Of `next`. */
  nextUuid: z.string().optional(),
  /** The release that the changes were above before they were moved; until the next boot tells it. */
  movedFrom: z.string().optional(),
})

/** Whose a directory of changes is. */
export type KeepOwner = z.output<typeof Owner>

/** What one machine has changed of its root. */
export interface Keep {
  readonly mac: Mac
  readonly directory: string
  readonly owner: KeepOwner
  /** SHA-256 of the release that the changes are above; undefined before the first write. */
  readonly release: string | undefined
}

/**
 * The directories of machines that keep what they write, by MAC address, so that a machine that is given another name
 * finds its own again:
 *
 *     keep/52-54-00-12-34-56/client.json      whose it is
 *     keep/52-54-00-12-34-56/release, upper/, work/, owner     storage/overlay/parts.ts
 */
export class Keeps {
  readonly #directory: string

  /** @param store directory of the store */
  constructor(store: string) {
    this.#directory = join(store, 'keep')
  }

  directoryOf(mac: Mac): string {
    return join(this.#directory, mac.replaceAll(':', '-'))
  }

  /** All of them, by address. */
  async all(): Promise<Keep[]> {
    const macs = (await namesIn(this.#directory)).flatMap((name) => tryParseMac(name.replaceAll('-', ':')) ?? [])
    const found = await Promise.all(macs.sort().map((mac) => this.get(mac)))
    return found.flatMap((one) => one ?? [])
  }

  /** @throws {StoreError} if what is noted there cannot be read */
  async get(mac: Mac): Promise<Keep | undefined> {
    const directory = this.directoryOf(mac)
    const path = join(directory, 'client.json')
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    if (text === undefined) return undefined
    const parsed = Owner.safeParse(jsonIn(text))
    if (!parsed.success) {
      throw new StoreError(`Cannot read ${path}: it is damaged; write {"name": ""} into it to give it to ${mac} again`)
    }
    return { mac, directory, owner: parsed.data, release: await releaseOf(directory) }
  }

  /**
   * The one that somebody means by a machine's name or its MAC address.
   *
   * @throws {StoreError} if there is none, or several machines had that name
   */
  async resolve(reference: string): Promise<Keep> {
    const all = await this.all()
    const mac = tryParseMac(reference)
    const found = all.filter((one) => one.mac === mac || one.owner.name === reference)
    if (found.length === 1 && found[0] !== undefined) return found[0]
    const known = all.map((one) => (one.owner.name === '' ? one.mac : `${one.owner.name} (${one.mac})`)).join(', ')
    if (found.length > 1) throw new StoreError(`Several machines were called ${reference}, want an address: ${known}`)
    throw new StoreError(`No machine "${reference}" keeps changes in ${this.#directory}; there are: ${known || 'none'}`)
  }

  /** Notes whose it is; makes the directory where there is none. */
  async note(mac: Mac, owner: KeepOwner): Promise<void> {
    const directory = this.directoryOf(mac)
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const [path, text] = [join(directory, 'client.json'), `${JSON.stringify(owner)}\n`]
    await writeFileAtomic(path, text).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') throw error
      await overwrite(path, text).catch(() => {
        throw error
      })
    })
  }

  /**
   * Removes all that a machine has changed: its next boot begins with the release as it is.
   *
   * @throws {InUseError} if a server has it open
   */
  async remove({ directory }: Pick<Keep, 'directory'>): Promise<void> {
    const unclaim = await claim(directory)
    const doomed = `${directory}.removed`
    await rm(doomed, { recursive: true, force: true })
    await rename(directory, doomed)
    await syncDirectory(this.#directory)
    await rm(doomed, { recursive: true, force: true })
    await unclaim()
  }
}

/** Within the block that the file has: a machine boots on a full disk, where a second file has no room. */
async function overwrite(path: string, text: string): Promise<void> {
  await using file = await open(path, 'r+')
  const { bytesWritten } = await file.write(text, 0)
  if (bytesWritten !== Buffer.byteLength(text)) throw new Error(`${path} is cut off`)
  await file.truncate(bytesWritten)
  await file.sync()
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
