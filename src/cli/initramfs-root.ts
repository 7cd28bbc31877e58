import { stat } from 'node:fs/promises'
import { DirectoryTree } from '../storage/directory-tree.ts'
import type { FileTree } from '../storage/file-tree.ts'
import { UsageError } from './failure.ts'

/** A root that an initramfs is made for. */
export interface OpenRoot extends AsyncDisposable {
  readonly name: string
  readonly tree: FileTree
  /** Another when the root is another; not given for a directory, which changes while it is used. */
  readonly digest?: string
}

/**
 * Opens what somebody names: a directory, a tar archive, an image of the store.
 *
 * @throws {UsageError} if it is none of them
 */
export async function openRoot(name: string, store: string): Promise<OpenRoot> {
  const found = await stat(name, { bigint: true }).catch(() => undefined)
  if (found?.isDirectory() === true) return opened(name, new DirectoryTree(name))
  if (found === undefined) return openImage(name, store)
  const { openTarTree } = await import('../storage/tar-tree.ts')
  const tree = await openTarTree(name).catch((cause: unknown) => {
    throw new UsageError(`Cannot read the root ${name}: want a directory or a tar archive (not compressed)`, { cause })
  })
  // The whole archive is not read: one that is written again has another time or inode.
  return opened(name, tree, `tar ${[found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ')}`)
}

function opened(name: string, tree: FileTree, digest?: string): OpenRoot {
  const close = (): Promise<void> => tree.close()
  return { name, tree, ...(digest === undefined ? {} : { digest }), [Symbol.asyncDispose]: close }
}

async function openImage(name: string, directory: string): Promise<OpenRoot> {
  if (!/^[\w.@-]+$/.test(name)) throw none(name, `there is no such file or directory`)
  const { ReleaseStore } = await import('../image/store.ts')
  const store = await ReleaseStore.open(directory)
  const digest = await store.resolve(name).catch((cause: unknown) => {
    throw none(name, 'there is no such file, directory or image', cause)
  })
  const release = await store.openRelease(digest)
  return { name, tree: release.tree, digest, [Symbol.asyncDispose]: () => release.close() }
}

function none(name: string, why: string, cause?: unknown): UsageError {
  return new UsageError(`Cannot read the root ${name}: ${why}`, { cause })
}
