export const NFS_V4 = 4
/** The highest minor version that is served, RFC 7862. */
export const MAX_MINOR = 2
/** Procedure numbers, RFC 7530 §15 */
export const PROCEDURE = { null: 0, compound: 1 } as const

/** nfs_opnum4: RFC 7530 §16, from 40 on RFC 8881 §18, from 59 on RFC 7862 §15, from 72 on RFC 8276 §8.4 */
export const OP = {
  access: 3,
  close: 4,
  commit: 5,
  create: 6,
  purgeDelegations: 7,
  returnDelegation: 8,
  getAttributes: 9,
  getHandle: 10,
  link: 11,
  lock: 12,
  testLock: 13,
  unlock: 14,
  lookup: 15,
  lookupParent: 16,
  notVerify: 17,
  open: 18,
  openAttributeDirectory: 19,
  openConfirm: 20,
  openDowngrade: 21,
  putHandle: 22,
  putPublicHandle: 23,
  putRootHandle: 24,
  read: 25,
  readDirectory: 26,
  readLink: 27,
  remove: 28,
  rename: 29,
  renew: 30,
  restoreHandle: 31,
  saveHandle: 32,
  securityInfo: 33,
  setAttributes: 34,
  setClientId: 35,
  setClientIdConfirm: 36,
  verify: 37,
  write: 38,
  releaseLockOwner: 39,
  backchannelControl: 40,
  bindConnection: 41,
  exchangeId: 42,
  createSession: 43,
  destroySession: 44,
  freeStateid: 45,
  securityInfoNoName: 52,
  sequence: 53,
  testStateid: 55,
  destroyClientId: 57,
  reclaimComplete: 58,
  allocate: 59,
  deallocate: 62,
  adviseIo: 63,
  readPlus: 68,
  seek: 69,
  getXattr: 72,
  setXattr: 73,
  listXattrs: 74,
  removeXattr: 75,
  illegal: 10_044,
} as const

/** The highest operation of each minor version: what lies beyond is illegal, what lies below is known. */
export const LAST_OP: readonly number[] = [39, 58, 75]

/** Bytes of a file handle that a client may send, NFS4_FHSIZE */
export const MAX_HANDLE_BYTES = 128
/** Bytes of the name of a client or of an owner, NFS4_OPAQUE_LIMIT */
export const MAX_OPAQUE_BYTES = 1024
/** Bytes of a client's tag, which only its user reads. */
export const MAX_TAG_BYTES = 1024
/** Operations of one compound: Linux sends fewer than 16. */
export const MAX_OPERATIONS = 64
/** Bytes that the replies of one compound may have before the next operation is refused: a READ of 1 MiB and more. */
export const MAX_REPLY_BYTES = 1024 * 1024 + 128 * 1024

/** open_claim_type4, RFC 8881 §18.16 */
export const CLAIM = {
  null: 0,
  previous: 1,
  delegateCurrent: 2,
  delegatePrevious: 3,
  handle: 4,
  delegateCurrentHandle: 5,
  delegatePreviousHandle: 6,
} as const

/** share_access and share_deny: read 1, write 2 */
export const SHARE = { read: 1, write: 2, both: 3 } as const

/** nfs_lock_type4 */
export const LOCK_TYPE = { read: 1, write: 2, readWait: 3, writeWait: 4 } as const
