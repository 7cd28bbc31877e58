import type { ByteString } from '../../../../wire/bytestring.ts'
import { NFS4, refuse } from '../status.ts'
import type { Client } from './client.ts'

/** The answer to an owner's last request, for a client of version 4.0 that asks again. */
export interface OwnerReply {
  readonly status: number
  /** What followed the status. */
  readonly result: Buffer
  /** The handle that was current afterwards, where the operation changes it. */
  readonly handle: Buffer | undefined
}

/**
 * Whoever opens files or sets locks: a process, for most clients. In version 4.0 its requests are numbered, and each is
 * answered once, RFC 7530 §9.1.7.
 */
export class Owner {
  readonly client: Client
  readonly name: ByteString
  /** Of its last request; undefined before the first. */
  sequence: number | undefined
  reply: OwnerReply | undefined
  /** When it last asked for something, milliseconds of the server's clock. */
  usedAt = 0

  constructor(client: Client, name: ByteString) {
    this.client = client
    this.name = name
  }

  /** `again` if this is a repetition of the last request. @throws {StatusError} NFS4ERR_BAD_SEQID */
  check(sequence: number): 'new' | 'again' {
    if (this.sequence === undefined || sequence === (this.sequence + 1) >>> 0) return 'new'
    return sequence === this.sequence && this.reply !== undefined ? 'again' : refuse(NFS4.badSeqid)
  }

  /** The request has been answered. */
  answered(sequence: number, reply: OwnerReply): void {
    this.sequence = sequence
    this.reply = reply
  }
}

/** Opens files. */
export class OpenOwner extends Owner {
  /** Version 4.0: OPEN_CONFIRM has come. */
  confirmed = false
  /** How many files it has open. */
  opens = 0
  /** Version 4.0: the number of what it closed last, for a client that closes again. */
  lastClosed: number | undefined
}

/** Sets locks. */
export class LockOwner extends Owner {
  /** How many files it has lock states of. */
  locks = 0
}
