import type { Logger } from '../../../sys/log.ts'
import type { ByteString } from '../../../wire/bytestring.ts'
import type { MountEvent } from '../mount/program.ts'
import type { WriteVerifier } from '../write-verifier.ts'
import type { Namespace } from './namespace.ts'
import type { StateKeeper } from './state-keeper.ts'

/** What the operations share. */
export interface Nfs4Service {
  readonly namespace: Namespace
  /** Clients, what they have open and locked, and until when. */
  readonly keeper: StateKeeper
  /** What servers that share their clients' state have in common, RFC 8881 §2.10.4: the same after a restart. */
  readonly scope: ByteString
  /** verifier4 of WRITE and COMMIT. */
  readonly writeVerifier: WriteVerifier
  /** Bytes of one call, RPC header included. */
  readonly requestBytes: number
  /** Told when a client comes into an export, or looks for one that is not there. */
  readonly onMount: ((event: MountEvent) => void) | undefined
  /** Told of every READ: by whom, from which export, how many bytes. */
  readonly onRead: ((address: string, exportPath: string, bytes: number) => void) | undefined
  readonly log: Logger
}
