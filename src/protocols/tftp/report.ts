/** Where a client sends from. */
export interface TftpPeer {
  readonly address: string
  readonly port: number
}

/** A peer as the key of a map. */
export function keyOf({ address, port }: TftpPeer): string {
  return `${address}:${port}`
}

/** How a transfer ended:
 *
 * * `complete`: the client confirmed the last block.
 * * `size-asked`: the client wanted to know the size only, and broke off when it had the answer. PXE firmware does
 *   this before it really fetches a file: nothing is wrong.
 * * `aborted-by-client`: it sent an ERROR in the middle; `text` is what it said.
 * * `client-gone`: its machine says that nobody listens on that port any more.
 * * `timeout`: it fell silent.
 * * `not-found`, `refused`: no such file; a file, or a request, that is not answered: `text` says why.
 * * `failed`: the file could not be read.
 * * `stopped`: the server was closed, or the client began anew from the same port.
 */
export type TransferOutcome =
  | 'complete'
  | 'size-asked'
  | 'aborted-by-client'
  | 'client-gone'
  | 'timeout'
  | 'not-found'
  | 'refused'
  | 'failed'
  | 'stopped'

/** One request to read and what became of it. */
export interface TransferReport {
  readonly peer: TftpPeer
  /** As the client wrote it. */
  readonly filename: string
  readonly outcome: TransferOutcome
  /** The words of an error: ours to the client, or the client's to us. Empty if there was none. */
  readonly text: string
  /** Bytes of the file that the client confirmed. */
  readonly bytes: number
  /** Blocks of the file that the client confirmed. */
  readonly blocks: number
  /** As agreed; 512 if the client asked for nothing else, which makes a transfer slow. */
  readonly blockSize: number
  readonly windowSize: number
  /** Blocks that were sent again. */
  readonly retransmissions: number
  readonly milliseconds: number
}
