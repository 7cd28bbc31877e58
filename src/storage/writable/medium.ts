import type { BigIntStats } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { type Cached, openCached } from '../../sys/open-cached.ts'
import type { ByteString } from '../../wire/bytestring.ts'
import type { NodeId } from '../file-tree.ts'

/** Names that are read from a directory at once, elsewhere, and then looked at here. */
const BATCH = 1024

/** How names are looked up without holding up the event loop: tests have slow ones. */
export interface Medium {
  /** What the kernel's cache of names knows: see {@link openCached}. */
  readonly openCached: (directory: number, name: ByteString) => Cached
  /** What a path leads to, symlinks not followed, by the thread pool. @throws the system's error */
  readonly look: (path: Buffer) => Promise<BigIntStats>
  /** The names in a directory, in no order, by the thread pool. @throws the system's error */
  readonly names: (path: string) => AsyncIterable<ByteString>
}

export const HOST: Medium = { openCached, look: (path) => lstat(path, { bigint: true }), names: namesIn }

async function* namesIn(path: string): AsyncIterable<ByteString> {
  const directory = await opendir(path, { encoding: 'latin1', bufferSize: BATCH })
  for await (const { name } of directory) yield name
}

/** A name that the kernel's cache does not have: the medium must be asked for it, while others have their turn. */
export class ColdNameError extends Error {
  readonly directory: NodeId
  readonly entry: ByteString

  constructor(directory: NodeId, name: ByteString) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0 // it is an everyday matter, and a trace takes 25 µs
    super('A name is not in memory')
    Error.stackTraceLimit = stackTraceLimit
    this.directory = directory
    this.entry = name
  }
}
