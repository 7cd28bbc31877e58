import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ConfigError } from '../config/error.ts'
import type { LoadedConfig } from '../config/load.ts'
import { authorizedKeysPart } from '../initramfs/ssh.ts'

/**
 * The public keys that may log in to an initramfs, as an authorized_keys file has them; '' where there are none.
 *
 * @throws {ConfigError} with the place in the file, if the file that it names cannot be read or holds no keys
 */
export async function sshKeys({ config: { ssh }, file, source }: LoadedConfig): Promise<string> {
  if (ssh === undefined) return ''
  try {
    const text = 'keys' in ssh ? ssh.keys.join('\n') : await readFile(resolve(dirname(file), ssh.file), 'utf8')
    if (text !== '') authorizedKeysPart(text) // said now, not when a machine asks for it
    return text
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(file, [source.atValue(['ssh'], `ssh: ${reason}`)], { cause })
  }
}
