import type { ByteString } from '../../../wire/bytestring.ts'
import { NFS4, refuse } from './status.ts'

const MAX_NAME_BYTES = 255

/**
 * Names are bytes, as on Linux; only what no directory can hold is refused.
 *
 * @throws {StatusError} NFS4ERR_INVAL, NFS4ERR_NAMETOOLONG, NFS4ERR_BADNAME, NFS4ERR_BADCHAR
 */
export function checkName(name: ByteString): void {
  if (name === '') refuse(NFS4.invalid)
  if (name.length > MAX_NAME_BYTES) refuse(NFS4.nameTooLong)
  if (name === '.' || name === '..') refuse(NFS4.badName)
  if (/[/\0]/.test(name)) refuse(NFS4.badChar)
}
