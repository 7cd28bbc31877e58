import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { elfModule } from '../formats/kmod/testing.ts'
import { DirectoryTree } from '../storage/directory-tree.ts'

/** For tests: what stands at a path of a root. A text that begins with `-> ` is a symlink. */
export type RootFiles = Readonly<Record<string, string | Uint8Array>>

/** For tests: a directory that goes when it is disposed of. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string
}

export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'netroot-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** For tests: writes files below a directory. */
export async function writeFiles(directory: string, files: RootFiles): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name)
    await mkdir(dirname(path), { recursive: true })
    if (typeof content === 'string' && content.startsWith('-> ')) await symlink(content.slice(3), path)
    else await writeFile(path, content)
  }
}

export interface TestRoot extends AsyncDisposable {
  readonly tree: DirectoryTree
  readonly path: string
}

/** For tests: a root file system with these files, `/lib` leading to `usr/lib` as in any system of today. */
export async function testRoot(files: RootFiles): Promise<TestRoot> {
  const directory = await temporaryDirectory()
  await writeFiles(directory.path, { lib: '-> usr/lib', 'usr/lib/os-release': 'ID=test\n', ...files })
  const tree = new DirectoryTree(directory.path)
  return { tree, path: directory.path, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() }
}

export const VERSION = '6.12.1-test'

/** For tests: a kernel with a card that needs a PHY by softdep, NFS, a Wi-Fi card, and virtio inside the kernel. */
export function kernelFiles(): RootFiles {
  const at = `usr/lib/modules/${VERSION}`
  const dep = [
    'kernel/drivers/md/raid1.ko:',
    'kernel/drivers/net/ethernet/realtek/r8169.ko: kernel/drivers/net/phy/libphy.ko',
    'kernel/drivers/net/phy/libphy.ko:',
    'kernel/drivers/net/phy/realtek.ko: kernel/drivers/net/phy/libphy.ko',
    'kernel/drivers/net/wireless/iwlwifi.ko:',
    'kernel/fs/nfs/nfs.ko: kernel/net/sunrpc/sunrpc.ko',
    'kernel/fs/nfs/nfsv3.ko: kernel/fs/nfs/nfs.ko kernel/net/sunrpc/sunrpc.ko',
    'kernel/fs/overlayfs/overlay.ko:',
    'kernel/net/sunrpc/sunrpc.ko:',
  ]
  const modules = dep.map((line) => line.slice(0, line.indexOf(':')))
  const firmware = { firmware: ['rtl_nic/rtl8168g-2.fw', 'rtl_nic/gone.fw'], description: ['RealTek card'] }
  const files = modules.map((path) => [`${at}/${path}`, elfModule(path.endsWith('r8169.ko') ? firmware : {})] as const)
  return {
    ...Object.fromEntries(files),
    [`${at}/modules.dep`]: `${dep.join('\n')}\n`,
    [`${at}/modules.alias`]: 'alias pci:v000010ECd00008168sv*sd*bc*sc*i* r8169\nalias pci:v00008086d* iwlwifi\n',
    [`${at}/modules.softdep`]: 'softdep r8169 pre: realtek crypto-crc32c\n',
    [`${at}/modules.builtin`]: 'kernel/net/packet/af_packet.ko\nkernel/drivers/virtio/virtio_pci.ko\n',
    [`${at}/modules.builtin.modinfo`]: 'crc32c.alias=crypto-crc32c\0',
    'usr/lib/firmware/rtl_nic/rtl8168g-2.fw': 'firmware',
  }
}
