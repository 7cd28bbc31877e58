import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { BootPlan } from '../boot/plan.ts'
import { clientPart } from '../initramfs/client-part.ts'
import { padded } from '../initramfs/join.ts'
import { authorizedKeysPart } from '../initramfs/ssh.ts'
import type { ByteSource } from '../storage/byte-source.ts'
import { findOwnInitramfs } from './own-initramfs.ts'
import type { Parts } from './parts.ts'
import type { Releases } from './releases.ts'

/** What the parts are taken from. */
export interface InitramfsSources {
  readonly parts: Pick<Parts, 'directory'>
  readonly releases: Releases
  /** As authorized_keys has them; '' where nobody may log in. */
  readonly keys: string
}

/**
 * All parts of a plan's initramfs in one piece, for loaders that know one file only.
 *
 * @throws {StoreError} if the release should bring its own and does not
 */
export async function joinedInitramfs(sources: InitramfsSources, plan: BootPlan): Promise<Uint8Array> {
  const parts = await Promise.all(plan.initramfs.map(({ name, path }) => partOf(sources, plan, name, path)))
  return Buffer.concat(padded(parts))
}

async function partOf(
  { parts, releases, keys }: InitramfsSources,
  plan: BootPlan,
  name: string,
  path: string,
): Promise<Uint8Array> {
  const { NETROOT_RELEASE: release = '', NETROOT_KERNEL: kernel = '', NETROOT_SSH: ssh } = plan.variables
  if (name === 'client.cpio') {
    const login = ssh === undefined || keys === '' ? new Uint8Array() : authorizedKeysPart(keys)
    return Buffer.concat([clientPart(plan), login])
  }
  if (name !== 'initrd.img') return readFile(join(parts.directory, basename(path)))
  const { tree } = await releases.get(release)
  return readWhole(await tree.open(await findOwnInitramfs(tree, kernel)))
}

/** All bytes of a source, which is closed. */
export async function readWhole(source: ByteSource): Promise<Uint8Array> {
  try {
    const bytes = new Uint8Array(source.size)
    for (let at = 0; at < bytes.byteLength; ) at += await source.read(bytes.subarray(at), at)
    return bytes
  } finally {
    await source.close()
  }
}
