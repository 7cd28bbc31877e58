import type { XdrReader } from '../../rpc/xdr-reader.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'

/**
 * What names an open or a lock, RFC 8881 §8.2. Of the twelve bytes behind the sequence number:
 *
 *     | boot of the server:u32 | client:u32 | number of the state:u32 |
 */
export interface Stateid {
  readonly sequence: number
  readonly boot: number
  readonly client: number
  readonly number: number
}

const ALL_ONES = 0xffff_ffff

/** §3.3.12 */
export function readStateid(args: XdrReader): Stateid {
  return {
    sequence: args.u32('stateid sequence'),
    boot: args.u32('stateid'),
    client: args.u32('stateid'),
    number: args.u32('stateid'),
  }
}

export function writeStateid(reply: XdrWriter, { sequence, boot, client, number }: Stateid): void {
  reply.u32(sequence).u32(boot).u32(client).u32(number)
}

/** The stateids that mean something of their own, §8.2.3. */
export type SpecialStateid = 'anonymous' | 'bypass' | 'current' | 'invalid'

/** Which of the special ones it is, if any. */
export function specialOf({ sequence, boot, client, number }: Stateid): SpecialStateid | undefined {
  if (boot === 0 && client === 0 && number === 0) {
    if (sequence === 0) return 'anonymous'
    return sequence === 1 ? 'current' : 'invalid'
  }
  if (boot !== ALL_ONES || client !== ALL_ONES || number !== ALL_ONES) return undefined
  return sequence === ALL_ONES ? 'bypass' : 'invalid'
}

/** Since version 4.1: whatever the state's sequence number is now, §8.2.2. */
export function sequenceIsZero({ sequence }: Stateid): boolean {
  return sequence === 0
}
