/** Bytes that are not what their format says: what was found, what was wanted, and at which offset. */
export class WireError extends Error {
  /** The format or message being read, such as `TFTP RRQ`. */
  readonly format: string
  /** Offset in bytes from the beginning of the message. */
  readonly offset: number

  constructor(format: string, offset: number, problem: string, options?: ErrorOptions) {
    super(`Cannot read ${format} at byte ${offset}: ${problem}`, options)
    this.name = 'WireError'
    this.format = format
    this.offset = offset
  }
}
