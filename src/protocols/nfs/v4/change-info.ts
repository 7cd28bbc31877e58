import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import type { Located } from '../located.ts'

const MASK = 0xffff_ffffn

/** changeid4 of a directory before and after something was done in it, RFC 8881 §3.3.5. */
export interface ChangeInfo {
  readonly before: bigint
  readonly after: bigint
}

export const UNCHANGED: ChangeInfo = { before: 0n, after: 0n }

/** changeid4, §5.8.1.4: of what never changes, its time. */
export function changeOf({ attributes: { change, modified } }: Pick<Located, 'attributes'>): bigint {
  return change ?? (BigInt(modified.seconds >>> 0) << 32n) | BigInt(modified.nanoseconds)
}

/** Others may have come between, so it is not said to be atomic. */
export function writeChangeInfo(reply: XdrWriter, { before, after }: ChangeInfo): void {
  reply.bool(before === after)
  writeChange(reply, before)
  writeChange(reply, after)
}

export function writeChange(reply: XdrWriter, change: bigint): void {
  reply.u32(Number((change >> 32n) & MASK)).u32(Number(change & MASK))
}
