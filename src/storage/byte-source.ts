/** A value at once, or later: what is in memory costs no turn of the event loop. */
export type Awaitable<T> = T | Promise<T>

/** Where content and holes begin. */
export type Region = 'data' | 'hole'

/** A run of bytes that can be read anywhere: a file, a member of an archive, a buffer. */
export interface ByteSource {
  /** Length in bytes; it does not change while the source is open. */
  readonly size: number
  /**
   * Fills `target` with the bytes from `position` on and returns how many there were: fewer than its length only at
   * the end, 0 at or behind it.
   *
   * @throws the system's error if the medium cannot be read
   */
  read(target: Uint8Array, position: number): Awaitable<number>
  /** Gives back what the source holds. Calling it twice is fine. */
  close(): Promise<void>
  /**
   * Where the next data or hole begins at or after `position`; undefined if there is none before the end. Without it, all is
   * data.
   */
  seek?(position: number, region: Region): Awaitable<number | undefined>
  /** Where it lies, if it is a run of bytes of a file that the system can be told to send by itself. */
  readonly place?: FilePlace | undefined
}

/** Where a source lies in an open file. Good until the source is closed. */
export interface FilePlace {
  readonly fd: number
  /** Of the first byte of the source, in the file. */
  readonly offset: number
  /** Whether these bytes of the source are in memory, as far as the system can tell: sending them then waits for no disk. */
  isInMemory(position: number, length: number): boolean
  /** These very bytes, read as the source's `read()` does. */
  read(target: Uint8Array, position: number): Awaitable<number>
}

/** A source over bytes in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.byteLength,
    read(target, position) {
      const part = bytes.subarray(position, position + target.byteLength)
      target.set(part)
      return part.byteLength
    },
    close: async () => undefined,
  }
}
