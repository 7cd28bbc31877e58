import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Lab } from '../src/lab/lab.ts'
import { initSecondsOf } from './console-marks.ts'
import { imageOf, type MakerName } from './initramfs-makers.ts'
import { BENCH_INIT, BENCH_LINE, type BenchRoot } from './initramfs-root.ts'

const NETROOT = fileURLToPath(new URL('../bin/netroot', import.meta.url))
const BOOT_MS = 600_000

/** From the kernel's start, on the machine's clock. */
export interface BootTimes {
  /** To its start of /init. */
  readonly initSeconds: number
  /** To the real system's init: right after switch_root. */
  readonly systemSeconds: number
}

/** How each says that the root comes by NFS from a server with all its ports in one; the address from DHCP. */
const WORDS: Readonly<Record<'netroot' | 'initramfs-tools' | 'dracut', string>> = {
  netroot: 'root=nfs://10.77.0.1:111/root ip=dhcp',
  'initramfs-tools': 'boot=nfs root=/dev/nfs nfsroot=10.77.0.1:/root,port=111 ip=dhcp ro',
  dracut: 'root=nfs:10.77.0.1:/root:ro,vers=3,port=111,mountport=111,proto=tcp,nolock ip=dhcp rd.neednet=1',
}

function wordsOf(name: MakerName): string {
  if (name === 'dracut') return WORDS.dracut
  return name === 'most' || name === 'netboot' ? WORDS['initramfs-tools'] : WORDS.netroot
}

/** Boots the initramfs that was made last in a virtual machine; kernel and initramfs come from QEMU, the root by NFS. */
export async function bootMade(name: MakerName, root: BenchRoot, signal: AbortSignal): Promise<BootTimes> {
  await using lab = await Lab.open({ signal })
  const archive = join(root.store, 'releases', root.info.digest, 'root.tar')
  const nfs = lab.spawn(NETROOT, ['serve', 'nfs', `root=${archive}`, '--listen', '10.77.0.1:111'])
  await nfs.stdout.waitFor(/listening on/, { timeoutMs: 60_000, signal })
  const range = '10.77.0.100-10.77.0.199'
  const dhcp = lab.spawn(NETROOT, ['serve', 'dhcp', '--interface', lab.network().bridge, '--range', range])
  await dhcp.stdout.waitFor(/listening on/, { timeoutMs: 60_000, signal })
  const machine = await lab.powerOn({
    memoryMiB: 1024,
    cpus: 2,
    kernel: join(root.directory, 'boot', `vmlinuz-${root.kernelVersion}`),
    initrd: imageOf(root),
    append: `console=ttyS0 init=${BENCH_INIT} ${wordsOf(name)}`,
    signal,
  })
  const screen = machine.console
  const found = await screen.waitFor(BENCH_LINE, { timeoutMs: BOOT_MS, signal })
  return { initSeconds: initSecondsOf(screen.text), systemSeconds: Number(found.groups[1]) }
}
