import { StaleNodeError } from '../../../storage/file-tree.ts'
import { TreeError, type TreeErrorCode } from '../../../storage/writable-tree.ts'
import type { Logger } from '../../../sys/log.ts'
import { HandleError } from '../located.ts'
import { NFS3 } from './constants.ts'

/** A refusal in the words of NFS. What is known of the files that it is about follows the status. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number

  constructor(status: number) {
    super(`NFS status ${status}`)
    this.status = status
  }
}

const STATUS: Readonly<Record<TreeErrorCode, number>> = {
  EPERM: NFS3.notOwner,
  ENOENT: NFS3.noEntry,
  EIO: NFS3.io,
  EACCES: NFS3.access,
  EBUSY: NFS3.access,
  EEXIST: NFS3.exists,
  EXDEV: NFS3.crossDevice,
  ENOTDIR: NFS3.notDirectory,
  EISDIR: NFS3.isDirectory,
  EINVAL: NFS3.invalid,
  EFBIG: NFS3.fileTooBig,
  ENOSPC: NFS3.noSpace,
  EROFS: NFS3.readOnlyFileSystem,
  EMLINK: NFS3.tooManyLinks,
  ENAMETOOLONG: NFS3.nameTooLong,
  ENOTEMPTY: NFS3.notEmpty,
  EDQUOT: NFS3.quotaExceeded,
  ENODATA: NFS3.noEntry,
  ENOTSUP: NFS3.notSupported,
  E2BIG: NFS3.invalid,
  ETXTBSY: NFS3.access,
}

/** The status that says what was thrown. */
export function statusOf(error: unknown, log: Logger): number {
  if (error instanceof Refusal) return error.status
  if (error instanceof StaleNodeError) return NFS3.stale
  if (error instanceof HandleError) return handleStatus(error, log)
  if (error instanceof TreeError && error.code !== 'EIO') return STATUS[error.code]
  log.warn('NFS could not use the tree', { error })
  return NFS3.io
}

function handleStatus({ reason, message, cause }: HandleError, log: Logger): number {
  if (reason === 'busy') log.warn(message, { cause })
  return { bad: NFS3.badHandle, stale: NFS3.stale, busy: NFS3.tryLater }[reason]
}
