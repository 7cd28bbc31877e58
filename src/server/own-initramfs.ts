import { StoreError } from '../image/release.ts'
import type { FileTree, NodeId } from '../storage/file-tree.ts'
import { resolvePath } from '../storage/paths.ts'

/**
 * The initramfs that lies in a release beside a kernel of it.
 *
 * @throws {StoreError} if there is none, with the way to an image that has one
 */
export async function findOwnInitramfs(tree: FileTree, kernelVersion: string): Promise<NodeId> {
  const path = `boot/initrd.img-${kernelVersion}`
  const node = await resolvePath(tree, path)
  if (node !== undefined) {
    const { type, size } = await tree.attributes(node)
    if (type === 'file' && size > 0) return node
  }
  throw new StoreError(
    `The image has no initramfs of its own for Linux ${kernelVersion}, want /${path}; build it with ` +
      '--packages initramfs-tools,zstd and a --hook that runs: chroot "$1" update-initramfs -c -k all; ' +
      'or say initramfs: netroot',
  )
}
