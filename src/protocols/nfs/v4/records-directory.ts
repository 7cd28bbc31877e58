import { createHash, randomUUID } from 'node:crypto'
import { link, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectories, writeFileAtomic } from '../../../sys/files.ts'
import { type ByteString, byteStringFrom, bytesOf } from '../../../wire/bytestring.ts'
import { hex, toHex } from '../../../wire/hex.ts'
import type { ClientRecord, ClientRecords } from './state/records.ts'

const ENDING = '.json'
const SCOPE_FILE = 'server-scope'

/** Keeps the records of clients in a directory, one small file for each; servers with other clients need another directory. */
export class RecordsDirectory implements ClientRecords {
  readonly #directory: string

  /** It is made when the first record is written. */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** A file that cannot be read is no record: its client starts anew, which is what a lost record means. */
  async load(): Promise<readonly ClientRecord[]> {
    const names = await readdir(this.#directory).catch(ifMissing)
    const records = await Promise.all(names.filter((name) => name.endsWith(ENDING)).map((name) => this.#read(name)))
    return records.filter((record) => record !== undefined)
  }

  /** Made once: of several that look for the first time, all have what one of them wrote. */
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

  async put({ owner, exclusive }: ClientRecord): Promise<void> {
    await makeDirectories(this.#directory)
    const text = `${JSON.stringify({ owner: toHex(bytesOf(owner)), exclusive })}\n`
    await writeFileAtomic(this.#pathOf(owner), text)
  }

  async remove(owner: ByteString): Promise<void> {
    await rm(this.#pathOf(owner), { force: true })
  }

  /** The name of a client may have any bytes, and many of them. */
  #pathOf(owner: ByteString): string {
    return join(this.#directory, createHash('sha256').update(bytesOf(owner)).digest('hex') + ENDING)
  }

  async #read(name: string): Promise<ClientRecord | undefined> {
    const text = await readFile(join(this.#directory, name), 'utf8')
    const record = parsed(text)
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
