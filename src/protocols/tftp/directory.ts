import { type DirectoryFiles, FileRefusal } from '../../storage/directory-files.ts'
import type { ByteSource } from '../../storage/byte-source.ts'
import { identify } from '../../storage/hot-chunks.ts'
import type { OpenTftpFile } from './answer.ts'
import { readTftpName } from './names.ts'
import { ERROR_CODE } from './packet.ts'
import { TftpRefusal } from './refusal.ts'

const CODES = {
  missing: ERROR_CODE.fileNotFound,
  forbidden: ERROR_CODE.accessViolation,
  invalid: ERROR_CODE.accessViolation,
} as const

/**
 * Serves the files of a directory by TFTP. What a machine asks for in a directory of its own (a Raspberry Pi's serial
 * number, a MAC address, an IP address) is looked for there, then where the files of all lie: nobody has to make links.
 */
export function openTftpFrom(files: DirectoryFiles): OpenTftpFile {
  return async ({ filename }) => {
    const name = readTftpName(filename)
    try {
      return await openFirst(files, name.kind === 'own' ? [filename, name.file] : [filename])
    } catch (error) {
      if (!(error instanceof FileRefusal)) throw error
      throw new TftpRefusal(CODES[error.reason], error.message, { cause: error })
    }
  }
}

/** The first of several names that there is; the first one's refusal if there is none. */
async function openFirst(files: DirectoryFiles, [name = '', ...others]: readonly string[]): Promise<ByteSource> {
  try {
    const { source, version } = await files.openFile(name)
    return identify(source, version)
  } catch (error) {
    if (others.length === 0 || !(error instanceof FileRefusal) || error.reason !== 'missing') throw error
    return openFirst(files, others).catch(() => Promise.reject(error))
  }
}
