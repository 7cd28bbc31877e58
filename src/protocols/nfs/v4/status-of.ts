import { StaleNodeError } from '../../../storage/file-tree.ts'
import { TreeError, type TreeErrorCode } from '../../../storage/writable-tree.ts'
import type { Logger } from '../../../sys/log.ts'
import { WireError } from '../../../wire/error.ts'
import { HandleError } from '../located.ts'
import type { Compound } from './compound.ts'
import { NFS4, StatusError } from './status.ts'

const STATUS: Readonly<Record<TreeErrorCode, number>> = {
  EPERM: NFS4.notOwner,
  ENOENT: NFS4.noEntry,
  EIO: NFS4.io,
  EACCES: NFS4.access,
  EBUSY: NFS4.access,
  EEXIST: NFS4.exists,
  EXDEV: NFS4.crossDevice,
  ENOTDIR: NFS4.notDirectory,
  EISDIR: NFS4.isDirectory,
  EINVAL: NFS4.invalid,
  EFBIG: NFS4.tooBig,
  ENOSPC: NFS4.noSpace,
  EROFS: NFS4.readOnlyFileSystem,
  EMLINK: NFS4.tooManyLinks,
  ENAMETOOLONG: NFS4.nameTooLong,
  ENOTEMPTY: NFS4.notEmpty,
  EDQUOT: NFS4.quota,
  ENODATA: NFS4.noXattr,
  ENOTSUP: NFS4.notSupported,
  E2BIG: NFS4.xattrTooBig,
  ETXTBSY: NFS4.access,
}

/** The status that says what was thrown. */
export function statusOf(error: unknown, { service, minor }: Pick<Compound, 'service' | 'minor'>): number {
  if (error instanceof StatusError) return since41(error.status, minor)
  if (error instanceof WireError) return NFS4.badXdr
  if (error instanceof StaleNodeError) return NFS4.stale
  if (error instanceof HandleError) return handleStatus(error, service.log)
  if (error instanceof TreeError && error.code !== 'EIO') return STATUS[error.code]
  service.log.warn('NFS could not carry out an operation', { error })
  return NFS4.io
}

function handleStatus({ reason, message, cause }: HandleError, log: Logger): number {
  if (reason === 'busy') log.warn(message, { cause })
  return { bad: NFS4.badHandle, stale: NFS4.stale, busy: NFS4.delay }[reason]
}

/** NFS4ERR_RESOURCE is of version 4.0 alone, RFC 8881 §15.1.16.5; what it told is then a fault of the server. */
function since41(status: number, minor: number): number {
  return status === NFS4.resource && minor > 0 ? NFS4.serverFault : status
}
