import type { At } from './event-at.ts'

/* What a machine fetched and mounted. */

/** How the transfer of a file ended. */
export type Outcome = 'sent' | 'not-found' | 'refused' | 'aborted' | 'timed-out'

/** A file over TFTP, told when its transfer ended. */
export interface TftpFile extends At {
  readonly type: 'tftp.file'
  readonly name: string
  /** Where it is more than a loader: for loaders that know no HTTP. */
  readonly role?: FileRole
  readonly outcome: Outcome
  /** Bytes acknowledged. */
  readonly bytes: number
  readonly durationMs: number
  /** Agreed block size; 512 where none was agreed (RFC 1350). */
  readonly blockSize: number
  /** What either side said when it did not end well. */
  readonly reason?: string
}

/** Which part of a boot a file over HTTP is. */
export type FileRole =
  | 'loader'
  | 'script'
  | 'kernel'
  | 'initramfs'
  | 'microcode'
  | 'tools'
  | 'drivers'
  | 'ssh'
  | 'client'
  | 'other'

/** A file over HTTP, told when its transfer ended. Reports of the machine are not among them. */
export interface HttpFile extends At {
  readonly type: 'http.file'
  readonly role: FileRole
  readonly path: string
  readonly status: number
  readonly outcome: Outcome
  /** Bytes of the body that were sent. */
  readonly bytes: number
  readonly durationMs: number
  readonly reason?: string
}

/** The machine asked to mount an export. */
export interface NfsMount extends At {
  readonly type: 'nfs.mount'
  readonly path: string
  readonly outcome: 'mounted' | 'refused'
  readonly reason?: string
}

/** What the machine had read of its root over NFS by now; recorded once, when it reports itself alive. */
export interface NfsTraffic extends At {
  readonly type: 'nfs.traffic'
  /** Bytes of file content. */
  readonly bytes: number
  readonly calls: number
}
