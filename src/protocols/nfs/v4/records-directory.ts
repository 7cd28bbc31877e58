import { createHash, randomUUID } from 'node:crypto'
import { link, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { claim, type Unclaim } from '../../../sys/claim.ts'
import { makeDirectories, syncDirectory, writeFileAtomic } from '../../../sys/files.ts'
import { type ByteString, byteStringFrom, bytesOf } from '../../../wire/bytestring.ts'
import { hex, toHex } from '../../../wire/hex.ts'
import type { VerifierFile } from '../write-verifier.ts'
import type { ClientRecord, ClientRecords } from './state/records.ts'

const ENDING = '.json'
/** Of a file that was being written when the process was killed. */
const UNFINISHED = '.tmp'
const SCOPE_FILE = 'server-scope'
const VERIFIER_FILE = 'write-verifier'

/**
 * Keeps the records of clients in a directory, one small file for each; servers with other clients need another directory.
 *
 *     DIRECTORY/HASH.json        {"owner": HEX, "exclusive": BOOLEAN}, HASH of the owner
 *     DIRECTORY/server-scope     what servers of these clients are called
 *     DIRECTORY/write-verifier   as `write-verifier.ts` has it
 */
export class RecordsDirectory implements ClientRecords, VerifierFile {
  readonly #directory: string
  readonly #changes = new Map<ByteString, Promise<void>>()

  /** It is made when it is claimed, or the first record is written. */
  constructor(directory: string) {
    this.#directory = directory
  }

  toString(): string {
    return this.#directory
  }

  /** @throws {InUseError} and the system's error */
  async claim(): Promise<Unclaim> {
    await makeDirectories(this.#directory)
    return claim(this.#directory)
  }

  /** A file that cannot be read is no record: its client starts anew, which is what a lost record means. */
  async load(): Promise<readonly ClientRecord[]> {
    const names = await readdir(this.#directory).catch(ifMissing)
    for (const name of names.filter((one) => one.endsWith(UNFINISHED))) await this.#tidy(name)
    const records = await Promise.all(names.filter((name) => name.endsWith(ENDING)).map((name) => this.#read(name)))
    return records.filter((record) => record !== undefined)
  }

  /**
   * A name that all servers with these records have in common, and no others: a client that finds it again at the same
   * address takes up what it had (RFC 8881 §2.10.4), whatever host answers there now. Made once: of several that look for
   * the first time, all have what one of them wrote.
   */
  async scope(): Promise<string> {
    const path = join(this.#directory, SCOPE_FILE)
    const known = await readFile(path, 'utf8').catch(ifMissing)
    if (typeof known === 'string') return known.trim()
    await makeDirectories(this.#directory)
    const made = `${path}.${randomUUID()}`
    await writeFile(made, `${randomUUID()}\n`, { flush: true })
    await link(made, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    await rm(made)
    return (await readFile(path, 'utf8')).trim()
  }

  async verifier(): Promise<string | undefined> {
    const text = await readFile(join(this.#directory, VERIFIER_FILE), 'utf8').catch(ifMissing)
    return typeof text === 'string' ? text.trim() : undefined
  }
  async putVerifier(text: string): Promise<void> {
    await writeFileAtomic(join(this.#directory, VERIFIER_FILE), `${text}\n`)
  }

  async dropVerifier(): Promise<void> {
    await rm(join(this.#directory, VERIFIER_FILE), { force: true })
    await syncDirectory(this.#directory)
  }

  put({ owner, exclusive }: ClientRecord): Promise<void> {
    return this.#inTurn(owner, async () => {
      await makeDirectories(this.#directory)
      const text = `${JSON.stringify({ owner: toHex(bytesOf(owner)), exclusive })}\n`
      await writeFileAtomic(this.#pathOf(owner), text)
    })
  }
  remove(owner: ByteString): Promise<void> {
    return this.#inTurn(owner, async () => {
      await rm(this.#pathOf(owner), { force: true })
      await syncDirectory(this.#directory).catch(ifMissing)
    })
  }

  /** What is asked for last is what stays. */
  async #inTurn(owner: ByteString, change: () => Promise<void>): Promise<void> {
    const before = this.#changes.get(owner)
    const done = before === undefined ? change() : before.then(change, change)
    this.#changes.set(owner, done)
    try {
      await done
    } finally {
      if (this.#changes.get(owner) === done) this.#changes.delete(owner)
    }
  }
  async #tidy(name: string): Promise<void> {
    await rm(join(this.#directory, name), { force: true }).catch(() => undefined) // it is in nobody's way
  }

  /** The name of a client may have any bytes, and many of them. */
  #pathOf(owner: ByteString): string {
    return join(this.#directory, createHash('sha256').update(bytesOf(owner)).digest('hex') + ENDING)
  }
  async #read(name: string): Promise<ClientRecord | undefined> {
    const record = parsed(await readFile(join(this.#directory, name), 'utf8').catch(() => ''))
    if (typeof record !== 'object' || record === null) return undefined
    const { owner, exclusive } = record as { owner?: unknown; exclusive?: unknown }
    if (typeof owner !== 'string' || !/^(?:[0-9a-f]{2})+$/.test(owner)) return undefined
    return { owner: byteStringFrom(hex(owner)), exclusive: exclusive !== false }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function ifMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}
