import { z } from 'zod'

/** A kernel of a release. */
export const KernelInfo = z.object({
  /** As `uname -r` says. */
  version: z.string(),
  /** Path in the release, without a leading slash. */
  path: z.string(),
  /** Bytes. */
  size: z.number(),
  /** Debian's name of the architecture, or `unknown`. */
  arch: z.string(),
  /** Directory of its modules in the release, or null where it has none that can be used. */
  modules: z.string().nullable(),
})
export type KernelInfo = z.infer<typeof KernelInfo>

/** What release.json says. */
export const ReleaseInfo = z.object({
  /** SHA-256 of the root archive, which is also the release's name. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  /** Bytes of the root archive. */
  size: z.number(),
  /** Entries of the root archive. */
  entries: z.number(),
  /** When it came into the store, ISO 8601. */
  created: z.string(),
  /** Where it came from, for people. */
  source: z.string(),
  /** Digest of the recipe it was built from. */
  recipe: z.string().optional(),
  /** PRETTY_NAME of os-release. */
  system: z.string(),
  arch: z.string(),
  /** Newest first. */
  kernels: z.array(KernelInfo).min(1),
})
export type ReleaseInfo = z.infer<typeof ReleaseInfo>

/** An image: a name and the releases it has had. */
export interface ImageInfo {
  readonly name: string
  /** The current one first. */
  readonly releases: readonly { readonly digest: string; readonly added: string }[]
}

/** A store or release that cannot do what was asked. The text says what was found, wanted, and what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
}

/** @throws {StoreError} if it cannot be the name of an image */
export function checkImageName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) return name
  throw new StoreError(
    `Cannot use "${name}" as the name of an image, want 1 to 63 letters, digits, ".", "_", "-", beginning with a letter or digit`,
  )
}
