import type { ByteString } from '../../wire/bytestring.ts'
import { WireError } from '../../wire/error.ts'
import { AUTH_FLAVOR, MAX_AUTH_BYTES } from './message.ts'
import { XdrReader } from './xdr-reader.ts'
import type { XdrWriter } from './xdr-writer.ts'

/** Who calls, as the caller says. */
export interface Credential {
  readonly flavor: 'none' | 'sys'
  /** Host name of the caller, from AUTH_SYS; empty with AUTH_NONE. */
  readonly machineName: ByteString
  readonly uid: number
  readonly gid: number
  /** Supplementary groups, at most 16. */
  readonly gids: readonly number[]
}

/** Of nobody, as the kernel's NFS server maps those who say nothing of themselves. */
const NOBODY = 65_534
const MAX_MACHINE_NAME = 255
const MAX_GIDS = 16

export const NO_CREDENTIAL: Credential = { flavor: 'none', machineName: '', uid: NOBODY, gid: NOBODY, gids: [] }

/**
 * Decodes the body of an AUTH_SYS credential, RFC 5531 appendix A.
 *
 *     | stamp | machine name | uid | gid | count of gids | gid …
 *
 * @throws {WireError} if it is not one
 */
export function decodeAuthSys(body: Uint8Array): Credential {
  const r = new XdrReader('AUTH_SYS credential', body)
  r.u32('stamp')
  const machineName = r.string(MAX_MACHINE_NAME, 'machine name')
  const uid = r.u32('uid')
  const gid = r.u32('gid')
  const count = r.u32('count of gids')
  if (count > MAX_GIDS) throw r.fail(`it has ${count} gids, want at most ${MAX_GIDS}`)
  const gids = Array.from({ length: count }, () => r.u32('gid'))
  return { flavor: 'sys', machineName, uid, gid, gids }
}

/** Writes flavour and body of a credential. */
export function encodeCredential(w: XdrWriter, credential: Credential, stamp = 0): void {
  if (credential.flavor === 'none') {
    w.u32(AUTH_FLAVOR.none).u32(0)
    return
  }
  w.u32(AUTH_FLAVOR.sys)
  const at = w.length
  w.u32(0).u32(stamp).string(credential.machineName).u32(credential.uid).u32(credential.gid)
  w.u32(credential.gids.length)
  for (const gid of credential.gids) w.u32(gid)
  w.patchU32(at, w.length - at - 4)
}

/** Reads the credentials of one connection's calls. Most are like the one before, which is then not decoded again. */
export class CredentialReader {
  #body: Uint8Array | undefined
  #credential = NO_CREDENTIAL

  /**
   * The credential at the reader's place. Undefined if its flavour is neither AUTH_NONE nor AUTH_SYS or its body is
   * not of that flavour: the answer is AUTH_BADCRED.
   *
   * @throws {WireError} if the message is cut
   */
  read(r: XdrReader): Credential | undefined {
    const flavor = r.u32('credential flavour')
    const length = r.u32('credential length')
    if (length > MAX_AUTH_BYTES) return undefined
    const body = r.fixed(length, 'credential')
    if (flavor === AUTH_FLAVOR.none) return NO_CREDENTIAL
    return flavor === AUTH_FLAVOR.sys ? this.#sys(body) : undefined
  }

  #sys(body: Buffer): Credential | undefined {
    if (this.#body !== undefined && body.equals(this.#body)) return this.#credential
    try {
      this.#credential = decodeAuthSys(body)
    } catch (error) {
      if (error instanceof WireError) return undefined
      throw error
    }
    this.#body = Uint8Array.from(body)
    return this.#credential
  }
}
