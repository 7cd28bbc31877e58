import { piCommandLine, piConfig } from '../boot/loaders/raspberry-pi.ts'
import type { BootPlan } from '../boot/plan.ts'
import { LOCAL_ENTRY } from '../config/start.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import type { TftpPeer } from '../protocols/tftp/report.ts'
import { type ByteSource, memorySource } from '../storage/byte-source.ts'
import { resolvePath } from '../storage/paths.ts'
import type { BootServices } from './boot-services.ts'
import { joinedInitramfs } from './joined-initramfs.ts'
import { nextStep } from './next-step.ts'

/**
 * A file that a Raspberry Pi asks for in its own directory; undefined where it is to do without, which sends it on to
 * its next boot device. It says who it is by the address that it was given. Of a menu it boots the first entry, because
 * it cannot show one.
 */
export async function openPiFile(
  services: BootServices,
  file: string,
  { address }: TftpPeer,
): Promise<ByteSource | undefined> {
  if (file === 'config.txt') return memorySource(Buffer.from(piConfig()))
  const isTree = DEVICE_TREE.test(file)
  if (!isTree && !['cmdline.txt', 'vmlinuz', 'initrd'].includes(file)) return undefined
  const boot = services.story.ofAddress(address)
  const plan = boot === undefined ? undefined : await planOf(services, boot)
  if (plan === undefined) return undefined
  if (file === 'cmdline.txt') return memorySource(Buffer.from(piCommandLine(plan)))
  if (file === 'initrd') return memorySource(await joinedInitramfs(services, plan))
  const { NETROOT_RELEASE: release = '', NETROOT_KERNEL: kernel = '' } = plan.variables
  if (file === 'vmlinuz') return services.releases.kernel(release, kernel)
  return openDeviceTree(services, release, `usr/lib/linux-image-${kernel}/broadcom/${file}`)
}

const DEVICE_TREE = /^bcm\d{4}-rpi-[\w-]+\.dtb$/

/** Kernel and initramfs must be of one release, whatever is published between the two. */
async function planOf(services: BootServices, boot: Boot): Promise<BootPlan | undefined> {
  const start = services.plans.start(boot.machine)
  const choice = start?.kind === 'menu' ? start.menu.entries.find((entry) => entry !== LOCAL_ENTRY) : undefined
  const step = await nextStep(services, boot, choice)
  return step.kind === 'boot' ? step.prepared.plan : undefined
}

async function openDeviceTree(
  { releases }: BootServices,
  release: string,
  path: string,
): Promise<ByteSource | undefined> {
  const { tree } = await releases.get(release)
  const node = await resolvePath(tree, path)
  return node === undefined ? undefined : tree.open(node)
}
