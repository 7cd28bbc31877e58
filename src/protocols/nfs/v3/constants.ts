export const NFS_PROGRAM = 100_003
export const NFS_V3 = 3

/** nfsstat3, RFC 1813 §2.6 */
export const NFS3 = {
  ok: 0,
  notOwner: 1,
  noEntry: 2,
  io: 5,
  access: 13,
  exists: 17,
  crossDevice: 18,
  notDirectory: 20,
  isDirectory: 21,
  invalid: 22,
  fileTooBig: 27,
  noSpace: 28,
  readOnlyFileSystem: 30,
  tooManyLinks: 31,
  nameTooLong: 63,
  notEmpty: 66,
  quotaExceeded: 69,
  stale: 70,
  badHandle: 10_001,
  notSynchronized: 10_002,
  badCookie: 10_003,
  notSupported: 10_004,
  tooSmall: 10_005,
  badType: 10_007,
  /** NFS3ERR_JUKEBOX */
  tryLater: 10_008,
} as const

/** ftype3, §2.5 */
export const FILE_TYPE = {
  file: 1,
  directory: 2,
  block: 3,
  character: 4,
  symlink: 5,
  socket: 6,
  fifo: 7,
} as const

/** Procedure numbers, §3 */
export const PROCEDURE = {
  null: 0,
  getAttributes: 1,
  setAttributes: 2,
  lookup: 3,
  access: 4,
  readLink: 5,
  read: 6,
  write: 7,
  create: 8,
  makeDirectory: 9,
  makeSymlink: 10,
  makeNode: 11,
  remove: 12,
  removeDirectory: 13,
  rename: 14,
  link: 15,
  readDirectory: 16,
  readDirectoryPlus: 17,
  fsStatistics: 18,
  fsInfo: 19,
  pathConfiguration: 20,
  commit: 21,
} as const

/** ACCESS bits, §3.3.4 */
export const ACCESS = { read: 0x01, lookup: 0x02, modify: 0x04, extend: 0x08, delete: 0x10, execute: 0x20 } as const

/** Bytes of a name */
export const MAX_NAME_BYTES = 255
/** Bytes of one READ */
export const MAX_READ_BYTES = 1024 * 1024
/** Bytes of one WRITE */
export const MAX_WRITE_BYTES = 1024 * 1024
/** Bytes of one READDIR that serve best; more than `MAX_DIRECTORY_BYTES` are not sent. */
export const PREFERRED_DIRECTORY_BYTES = 64 * 1024
export const MAX_DIRECTORY_BYTES = 256 * 1024
/** Entries that are written between two looks at the clock: others have their turn in the midst of a long page. */
export const DIRECTORY_BATCH = 16
