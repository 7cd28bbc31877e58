import type { Awaitable } from '../../../../storage/byte-source.ts'
import type { ByteString } from '../../../../wire/bytestring.ts'

/** What must outlive the server of one client, so that it gets back what it held and no other does. */
export interface ClientRecord {
  /** What the client calls itself: `co_ownerid`, or the `id` of version 4.0. */
  readonly owner: ByteString
  /** It had locks, or opened what others must not: until it has them back, nobody else may take them. */
  readonly exclusive: boolean
}

/** Where the records are kept. */
export interface ClientRecords {
  /** The records of before the start. */
  load(): Awaitable<readonly ClientRecord[]>
  /** Adds or replaces the record of this owner. It is safe when this resolves. */
  put(record: ClientRecord): Awaitable<void>
  /** There may be none. */
  remove(owner: ByteString): Awaitable<void>
}

/** Records that end with the process: after a restart no client gets its state back by reclaiming. */
export const NO_RECORDS: ClientRecords = {
  load: () => [],
  put: () => undefined,
  remove: () => undefined,
}
