import { join } from 'node:path'
import type { CpioEntry, CpioFile } from '../formats/cpio/entry.ts'
import { completeTree } from '../formats/cpio/tree.ts'
import { textFile, writeCpio } from '../formats/cpio/write.ts'
import type { DebianMirror } from '../sys/debian-mirror.ts'
import type { PartCompression } from './compress.ts'
import { fetchWithDependencies, UnpackedPackages } from './debian-closure.ts'
import { librariesOf } from './libraries.ts'
import { ensurePart, type Part } from './part.ts'

/** Pinned like busybox: what runs on the machines does not depend on how old the server's distribution is. */
const SSH_SUITE = 'trixie'

/** Where dropbear's programs are in their package, by their place in the initramfs. */
const PROGRAMS = { 'bin/dropbear': 'usr/sbin/dropbear', 'bin/dropbearkey': 'usr/bin/dropbearkey' } as const

export interface SshRequest {
  /** Debian's name of the machines' architecture. */
  readonly architecture: string
  readonly compression: PartCompression
  /** Where fetched packages stay, default `debian` in the cache. */
  readonly packagesDirectory?: string
  readonly mirror?: DebianMirror
  readonly signal?: AbortSignal
}

/** What an SSH part holds. */
export interface SshReport {
  readonly architecture: string
  /** Packages and versions, such as `dropbear-bin 2025.89-1~deb13u1`. */
  readonly packages: readonly string[]
  /** Paths in the initramfs. */
  readonly files: readonly string[]
}

/**
 * The SSH part: dropbear with its libraries, for those who want to log in to a machine that does not boot. One per
 * architecture. Who may log in is in a part of its own, see `authorizedKeysPart()`.
 *
 * @param cacheDir of the store, as for `ensureTools()`
 * @throws {Error} if dropbear is neither in the cache nor can be fetched
 */
export async function ensureSsh(cacheDir: string, request: SshRequest): Promise<Part<SshReport>> {
  const { architecture, compression, packagesDirectory = join(cacheDir, 'debian'), mirror, signal } = request
  const packages = await fetchWithDependencies('dropbear-bin', {
    suite: SSH_SUITE,
    architecture,
    cacheDir: packagesDirectory,
    ...(mirror === undefined ? {} : { mirror }),
    ...(signal === undefined ? {} : { signal }),
  })
  return ensurePart(join(cacheDir, 'initramfs'), {
    kind: 'ssh',
    inputs: packages.map(({ digest }) => digest),
    compression,
    make: async () => {
      await using unpacked = await UnpackedPackages.of(packages)
      const entries = await sshEntries(unpacked)
      const names = packages.map(({ name, version }) => `${name} ${version}`)
      return { entries, report: { architecture, packages: names, files: entries.map(({ name }) => name) } }
    },
  })
}

async function sshEntries(unpacked: UnpackedPackages): Promise<CpioEntry[]> {
  const programs = await Promise.all(
    Object.entries(PROGRAMS).map(
      async ([name, path]): Promise<CpioFile> => ({
        type: 'file',
        name,
        mode: 0o755,
        content: await unpacked.read(path),
      }),
    ),
  )
  return completeTree([
    ...programs,
    ...(await librariesOf(programs, (name) => unpacked.library(name))),
    textFile('etc/passwd', 'root:*:0:0:root:/root:/bin/sh\n'),
    textFile('etc/group', 'root:*:0:\ntty:*:5:\n'),
    textFile('etc/shells', '/bin/sh\n'),
    { type: 'directory', name: 'root', mode: 0o700 },
  ])
}

/** Names of public keys as OpenSSH writes them: RFC 4253 §6.6, RFC 8709, and those of security keys. */
const KEY_TYPE = /^(?:ssh-(?:rsa|ed25519)|ecdsa-sha2-nistp(?:256|384|521)|sk-\S+)$/

/**
 * The part that says whose keys open a machine, not compressed: it is a few hundred bytes. Empty lines and comments are
 * left out.
 *
 * @param text of an authorized_keys file, or of public keys (`*.pub`) one after the other
 * @throws {TypeError} if a line is no key, or there is none
 */
export function authorizedKeysPart(text: string): Uint8Array {
  const keys = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  keys.forEach(checkKey)
  if (keys.length === 0)
    throw new TypeError(
      'Cannot let anybody log in: there is no public key, want lines such as "ssh-ed25519 AAAA… name"',
    )
  const directory = { type: 'directory', name: 'netroot', mode: 0o755 } as const
  const file = textFile('netroot/authorized_keys', keys.map((key) => `${key}\n`).join(''), 0o600)
  return Buffer.concat(writeCpio([directory, file]))
}

/** Options may stand before the type; a private key is the mistake that must not go over the wire. */
function checkKey(line: string): void {
  if (line.includes('PRIVATE KEY'))
    throw new TypeError('Cannot use a private key, want the public one (the file ending in .pub)')
  if (line.split(/\s+/).some((word) => KEY_TYPE.test(word))) return
  throw new TypeError(`Cannot use "${line.slice(0, 40)}" as a public key, want a line such as "ssh-ed25519 AAAA… name"`)
}
