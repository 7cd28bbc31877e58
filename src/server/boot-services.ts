import type { Loaders } from '../boot/loaders/files.ts'
import type { ServerAddresses } from '../boot/server-addresses.ts'
import type { HardwareBook } from '../fleet/hardware.ts'
import type { HttpAnswer, HttpRequest } from '../protocols/http/answer.ts'
import type { Logger } from '../sys/log.ts'
import type { Admission } from './admission.ts'
import type { BootStory } from './boot-story.ts'
import type { KeepExports } from './keep-exports.ts'
import type { OtherNfs } from './other-nfs.ts'
import type { Parts } from './parts.ts'
import type { Plans } from './plans.ts'
import type { Releases } from './releases.ts'

/** What the boot paths of HTTP are made from. */
export interface BootServices {
  readonly story: BootStory
  readonly hardware: HardwareBook
  readonly plans: Plans
  readonly parts: Parts
  readonly releases: Releases
  readonly keeps: KeepExports
  /** Who serves releases in the place of netroot's own NFS server. */
  readonly otherNfs: OtherNfs | undefined
  readonly loaders: Loaders
  readonly server: ServerAddresses
  /** Public keys that may log in to an initramfs, as authorized_keys has them; '' where nobody may. */
  readonly keys: string
  /** Who may fetch kernel and initramfs now. */
  readonly admission: Admission
  readonly log: Logger
}

/** One path of a boot: `groups` is what its pattern found. */
export type BootRoute = (services: BootServices, request: HttpRequest, groups: readonly string[]) => Promise<HttpAnswer>

/** A short text. */
export function textAnswer(text: string, status = 200) {
  return { kind: 'text', text: text === '' || text.endsWith('\n') ? text : `${text}\n`, status } as const
}
