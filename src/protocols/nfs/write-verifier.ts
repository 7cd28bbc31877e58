import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Awaitable } from '../../storage/byte-source.ts'
import { hex, toHex } from '../../wire/hex.ts'

const BYTES = 8
/** Another one each time a kernel starts; the same in all containers above it. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** Where the verifier of the last run is kept: one line, `BOOT-ID HEX`. */
export interface VerifierFile {
  verifier(): Awaitable<string | undefined>
  putVerifier(text: string): Awaitable<void>
  dropVerifier(): Awaitable<void>
}

/**
 * writeverf3 and verifier4 of WRITE and COMMIT (RFC 1813 §3.3.21, RFC 8881 §18.32.3): as long as a client sees the same
 * one, what it has written and not committed is there. A WRITE is answered when the kernel has its bytes, so they outlive
 * this process, but neither the kernel nor, perhaps, a disk that failed: another kernel, which may be that of another
 * host, and a commit that failed make another verifier, and clients send again.
 */
export class WriteVerifier {
  #bytes: Uint8Array
  readonly #file: VerifierFile | undefined

  /**
   * The one of the last run, if this is the same kernel still.
   *
   * @param file without it each run has its own
   * @throws what the file throws
   */
  static async open(file: VerifierFile | undefined, bootId = readBootId): Promise<WriteVerifier> {
    const boot = file === undefined ? undefined : await bootId()
    if (file === undefined || boot === undefined) return new WriteVerifier(drawn(), file)
    const [keptBoot, kept = ''] = ((await file.verifier()) ?? '').split(' ')
    if (keptBoot === boot && /^[0-9a-f]{16}$/.test(kept)) return new WriteVerifier(hex(kept), file)
    const verifier = new WriteVerifier(drawn(), file)
    await file.putVerifier(`${boot} ${toHex(verifier.bytes)}`)
    return verifier
  }

  constructor(bytes: Uint8Array = drawn(), file?: VerifierFile) {
    this.#bytes = bytes
    this.#file = file
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  /**
   * The disk did not take what a client had written: the kernel says so once, and then forgets it. The next run must not
   * have the verifier of this one.
   */
  async lost(): Promise<void> {
    this.#bytes = drawn()
    await this.#file?.dropVerifier()
  }
}

function drawn(): Uint8Array {
  return Uint8Array.from(randomBytes(BYTES))
}

async function readBootId(): Promise<string | undefined> {
  const text = await readFile(BOOT_ID, 'utf8').catch(() => '')
  return /^[0-9a-f-]{36}$/.exec(text.trim())?.[0]
}
