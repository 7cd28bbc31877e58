import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { ConfigError } from '../config/error.ts'
import type { LoadedConfig } from '../config/load.ts'
import { type KeyAndCertificate, madeCertificate } from '../sys/made-certificate.ts'

/** Where HTTPS listens, and with what. */
export interface Https {
  readonly port: number
  readonly tls: KeyAndCertificate
}

/**
 * The certificate that netroot.yaml gives, or one that is made and kept in the state directory.
 *
 * @param addresses of the server, which machines write in URLs
 * @returns undefined where netroot.yaml asks for no HTTPS
 * @throws {ConfigError} with the place in the file, if a file cannot be read, certificate and key do not belong together, or
 *   openssl is missing
 */
export async function httpsOf(
  { config: { https }, file, source }: LoadedConfig,
  stateDirectory: string,
  addresses: readonly string[],
): Promise<Https | undefined> {
  if (https === undefined) return undefined
  const { port, names, certificate, key } = https
  const read = (path: string): Promise<string> => readFile(resolve(dirname(file), path), 'utf8')
  try {
    const tls =
      certificate === undefined || key === undefined
        ? await madeCertificate(join(stateDirectory, 'tls'), [...addresses, ...names])
        : { cert: await read(certificate), key: await read(key) }
    createSecureContext(tls) // said now where they do not belong together
    return { port, tls }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(file, [source.atValue(['https'], `https: ${reason}`)], { cause })
  }
}
