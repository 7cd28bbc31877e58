import type { FileTree } from '../storage/file-tree.ts'
import { resolvePath } from '../storage/paths.ts'
import { kernelVersions } from './module-index.ts'

/** Where distributions keep a kernel: beside its modules (Fedora, Arch, SUSE), or in /boot (Debian, Alpine, …). */
function placesOf(version: string): string[] {
  return [`/usr/lib/modules/${version}/vmlinuz`, `/lib/modules/${version}/vmlinuz`, `/boot/vmlinuz-${version}`].concat(
    `/boot/vmlinux-${version}`,
  )
}

/** Path of a kernel in a root, undefined where it is not there. */
export async function kernelFile(tree: FileTree, version: string): Promise<string | undefined> {
  for (const path of placesOf(version)) {
    const node = await resolvePath(tree, path)
    if (node !== undefined && (await tree.attributes(node)).type === 'file') return path
  }
  return undefined
}

/** The newest kernel that has modules and is there itself; where none is there, the newest that has modules. */
export async function newestKernel(tree: FileTree): Promise<string | undefined> {
  const versions = await kernelVersions(tree)
  for (const version of versions.toReversed()) {
    if ((await kernelFile(tree, version)) !== undefined) return version
  }
  return versions.at(-1)
}
