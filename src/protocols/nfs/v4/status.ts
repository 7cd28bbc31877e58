import type { XdrWriter } from '../../rpc/xdr-writer.ts'

/** nfsstat4: RFC 7530 §13.1, RFC 8881 §15.1, RFC 7862 §11.1, RFC 8276 §8.3 */
export const NFS4 = {
  ok: 0,
  notOwner: 1,
  noEntry: 2,
  io: 5,
  noSuchPosition: 6,
  access: 13,
  exists: 17,
  crossDevice: 18,
  notDirectory: 20,
  isDirectory: 21,
  invalid: 22,
  tooBig: 27,
  noSpace: 28,
  readOnlyFileSystem: 30,
  tooManyLinks: 31,
  nameTooLong: 63,
  notEmpty: 66,
  quota: 69,
  stale: 70,
  badHandle: 10_001,
  badCookie: 10_003,
  notSupported: 10_004,
  tooSmall: 10_005,
  serverFault: 10_006,
  badType: 10_007,
  delay: 10_008,
  same: 10_009,
  denied: 10_010,
  expired: 10_011,
  locked: 10_012,
  grace: 10_013,
  shareDenied: 10_015,
  wrongSecurity: 10_016,
  clientIdInUse: 10_017,
  resource: 10_018,
  noFileHandle: 10_020,
  minorVersionMismatch: 10_021,
  staleClientId: 10_022,
  staleStateid: 10_023,
  oldStateid: 10_024,
  badStateid: 10_025,
  badSeqid: 10_026,
  notSame: 10_027,
  lockRange: 10_028,
  symlink: 10_029,
  restoreHandle: 10_030,
  attributeNotSupported: 10_032,
  noGrace: 10_033,
  reclaimBad: 10_034,
  reclaimConflict: 10_035,
  badXdr: 10_036,
  locksHeld: 10_037,
  openMode: 10_038,
  badOwner: 10_039,
  badChar: 10_040,
  badName: 10_041,
  badRange: 10_042,
  illegalOperation: 10_044,
  deadlock: 10_045,
  badIoMode: 10_049,
  badSession: 10_052,
  badSlot: 10_053,
  completeAlready: 10_054,
  connectionNotBound: 10_055,
  sequenceMisordered: 10_063,
  sequencePosition: 10_064,
  requestTooBig: 10_065,
  replyTooBig: 10_066,
  replyTooBigToCache: 10_067,
  retryUncached: 10_068,
  tooManyOperations: 10_070,
  operationNotInSession: 10_071,
  clientIdBusy: 10_074,
  wrongType: 10_083,
  notOnlyOperation: 10_081,
  noXattr: 10_095,
  xattrTooBig: 10_096,
} as const

/** An operation that ends with this status. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: number
  /** What follows the status, where it is more than nothing. */
  readonly encodeResult: ((reply: XdrWriter) => void) | undefined

  constructor(status: number, encodeResult?: (reply: XdrWriter) => void) {
    super(`NFS status ${status}`)
    this.status = status
    this.encodeResult = encodeResult
  }
}

/** Ends the operation with this status. */
export function refuse(status: number, encodeResult?: (reply: XdrWriter) => void): never {
  throw new StatusError(status, encodeResult)
}
