import type { ByteString } from '../../../../wire/bytestring.ts'
import type { OpenOwner, LockOwner } from './owners.ts'
import type { Session } from './session.ts'
import type { State } from './states.ts'

/** Who a client says it is. */
export interface ClientIdentity {
  /** The name it gives itself, the same after it was restarted. */
  readonly owner: ByteString
  /** Another one after each restart, 8 bytes. */
  readonly verifier: ByteString
  /** Who may speak for it: flavour and user of its credential. */
  readonly principal: string
  /** Where it came from. */
  readonly address: string
}

/** The answer to the last CREATE_SESSION, for a client that asks again. */
export interface CreatedSession {
  readonly sequence: number
  readonly reply: Buffer
}

/** What the server knows of one client in one run of it: its lease and everything that hangs on it. */
export class Client {
  readonly number: number
  readonly identity: ClientIdentity
  /** Version 4.0 has no sessions, but owners with sequence numbers. */
  readonly hasSessions: boolean
  /** Version 4.0: what SETCLIENTID_CONFIRM must repeat. */
  confirmVerifier: ByteString = ''
  confirmed = false
  /** When the lease ends unless it is renewed; milliseconds of the server's clock. */
  expiresAt: number
  /** Where its last request that renewed the lease came from. */
  address: string | undefined
  /** Its lease has ended, and others were told so. */
  isSilent = false
  /** It has said that it wants nothing more back. */
  reclaimComplete = false
  /** Its record says that it held something others could take. */
  recordedExclusive = false
  recorded = false
  /** When to try again to write it, milliseconds of the server's clock. */
  recordAgainAt = Number.NEGATIVE_INFINITY
  /** The sequence number that its next CREATE_SESSION carries. */
  nextCreateSequence = 1
  created: CreatedSession | undefined
  readonly sessions = new Set<Session>()
  readonly openOwners = new Map<ByteString, OpenOwner>()
  readonly lockOwners = new Map<ByteString, LockOwner>()
  /** Byte ranges that it has locked. */
  ranges = 0
  readonly states = new Map<number, State>()

  constructor(number: number, identity: ClientIdentity, hasSessions: boolean, expiresAt: number) {
    this.number = number
    this.identity = identity
    this.hasSessions = hasSessions
    this.expiresAt = expiresAt
  }
}
