/** A value at once, or later: what is in memory costs no turn of the event loop. */
export type Awaitable<T> = T | Promise<T>

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
