import { type DirectoryFiles, FileRefusal } from '../../storage/directory-files.ts'
import type { OpenTftpFile } from './answer.ts'
import { ERROR_CODE } from './packet.ts'
import { TftpRefusal } from './refusal.ts'

const CODES = {
  missing: ERROR_CODE.fileNotFound,
  forbidden: ERROR_CODE.accessViolation,
  invalid: ERROR_CODE.accessViolation,
} as const

/** Serves the files of a directory by TFTP. */
export function openTftpFrom(files: DirectoryFiles): OpenTftpFile {
  return async ({ filename }) => {
    try {
      return (await files.openFile(filename)).source
    } catch (error) {
      if (!(error instanceof FileRefusal)) throw error
      throw new TftpRefusal(CODES[error.reason], error.message, { cause: error })
    }
  }
}
