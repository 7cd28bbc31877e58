import { extname } from 'node:path'
import type { Awaitable } from '../../storage/byte-source.ts'
import { FileRefusal } from '../../storage/directory-files.ts'
import type { SharedFile } from '../../storage/open-files.ts'
import type { Route } from './answer.ts'

const STATUS = { missing: 404, forbidden: 403, invalid: 400 } as const

/** What firmware and loaders look at; all else is octets. UEFI tells a loader from a disk image by this. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.efi': 'application/efi',
  '.iso': 'application/vnd.efi-iso',
  '.img': 'application/vnd.efi-img',
  '.ipxe': 'text/plain; charset=utf-8',
  '.cfg': 'text/plain; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json',
}

/** The files of a directory, by the names that clients give. */
interface NamedFiles {
  /** @throws {FileRefusal} */
  openFile(name: string): Awaitable<SharedFile>
}

/** Serves the files of a directory by HTTP. */
export function routeToDirectory(files: NamedFiles): Route {
  return async ({ path }) => {
    try {
      const { source, name, modified, version } = await files.openFile(path)
      const contentType = CONTENT_TYPES[extname(name).toLowerCase()] ?? 'application/octet-stream'
      return { kind: 'source', source, contentType, tag: version, modified }
    } catch (error) {
      if (!(error instanceof FileRefusal)) throw error
      return { kind: 'text', status: STATUS[error.reason], text: error.message }
    }
  }
}
