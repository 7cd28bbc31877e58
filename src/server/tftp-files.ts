import { autoexecScript } from '../boot/loaders/ipxe.ts'
import type { Loaders } from '../boot/loaders/files.ts'
import { httpBase, type ServerAddresses } from '../boot/server-addresses.ts'
import { type ByteSource, memorySource } from '../storage/byte-source.ts'
import { openFileSource } from '../storage/file-source.ts'

/** What is served over TFTP: loaders, and the script that iPXE looks for beside itself. */
export interface TftpFiles {
  readonly loaders: Pick<Loaders, 'get'>
  readonly server: ServerAddresses
}

/**
 * The file that a TFTP path means. Firmware adds what it likes before the name, so only the last part counts, and
 * nothing but these files can be named.
 */
export async function openTftpFile({ loaders, server }: TftpFiles, path: string): Promise<ByteSource | undefined> {
  const name = path.split(/[/\\]/).at(-1) ?? ''
  if (name === 'autoexec.ipxe') return memorySource(Buffer.from(autoexecScript(httpBase(server))))
  const loader = await loaders.get(name)
  return loader === undefined ? undefined : openFileSource(loader.path)
}
