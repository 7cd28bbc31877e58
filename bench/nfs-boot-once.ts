import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Lab } from '../src/lab/lab.ts'
import type { Machine } from '../src/lab/machine.ts'
import { BOOT_MS, Session } from '../test/vm/served.ts'
import { cpuSecondsOf, pidFileOf } from './guest-cpu.ts'
import type { NfsBootFiles } from './nfs-boot-files.ts'

const NETROOT = fileURLToPath(new URL('../bin/netroot', import.meta.url))
const RANGE = '10.77.0.100-10.77.0.199'

/** Where the root is, and what stands on the command line for it. */
export interface BootWay {
  readonly title: string
  readonly words: string
}

const OVER_NFS = 'root=nfs://10.77.0.1:2049/root?'

/** The disk is one of the machine itself: no transport of a network can be faster. */
export const WAYS: readonly BootWay[] = [
  { title: 'local disk', words: 'root=/dev/vda rootfstype=ext4 ro rd.overlay rd.neednet=1' },
  ...['3', '4.0', '4.1', '4.2'].map((version) => ({ title: `NFS ${version}`, words: `${OVER_NFS}vers=${version}` })),
]

/** One boot to the login prompt. */
export interface NfsBootSample {
  /** From the processor's first step to the prompt, on the host's clock. */
  readonly loginSeconds: number
  /** What QEMU and the NFS server computed until then: host load disturbs it less. */
  readonly machineCpu: number
  readonly serverCpu: number
  /** All packets of the card, both ways. */
  readonly wireBytes: number
  /** Calls by name, as the machine's kernel counted them; a little more than at the prompt, since somebody has logged in. */
  readonly calls: Readonly<Record<string, number>>
}

/** Boots the machine in a lab of its own; QEMU brings kernel and initramfs, so all ways begin alike. */
export async function bootBy(way: BootWay, files: NfsBootFiles, signal: AbortSignal): Promise<NfsBootSample> {
  await using lab = await Lab.open({ signal })
  const nfsPid = join(lab.directory, 'nfs.pid')
  const serve = `echo $$ >"$0"; exec "$1" serve nfs "root=$2" --listen 10.77.0.1:2049`
  const nfs = lab.spawn('sh', ['-c', serve, nfsPid, NETROOT, files.tar])
  await nfs.stdout.waitFor(/listening on/, { timeoutMs: 60_000, signal })
  const dhcp = lab.spawn(NETROOT, ['serve', 'dhcp', '--interface', lab.network().bridge, '--range', RANGE])
  await dhcp.stdout.waitFor(/listening on/, { timeoutMs: 60_000, signal })
  const serverBefore = await cpuSecondsOf(lab, nfsPid)
  const machine = await powerOn(lab, way, files, signal)
  await machine.console.waitFor(/login: /, { timeoutMs: BOOT_MS, signal })
  const loginSeconds = (performance.now() - machine.poweredOnAt) / 1000
  return {
    loginSeconds,
    machineCpu: await cpuSecondsOf(lab, pidFileOf(lab)),
    serverCpu: (await cpuSecondsOf(lab, nfsPid)) - serverBefore,
    wireBytes: await packetBytes(lab),
    calls: await callsOf(machine),
  }
}

function powerOn(lab: Lab, way: BootWay, files: NfsBootFiles, signal: AbortSignal): Promise<Machine> {
  return lab.powerOn({
    memoryMiB: 1024,
    cpus: 2,
    kernel: files.kernel,
    initrd: files.initrd,
    append: `console=tty0 console=ttyS0 loglevel=3 ${way.words}`,
    // its content stays as it is: what is written goes into memory
    extraArgs: ['-pidfile', pidFileOf(lab), '-drive', `if=virtio,format=raw,readonly=on,file=${files.disk}`],
    signal,
  })
}

async function packetBytes(lab: Lab): Promise<number> {
  const { stdout } = await lab.run('ip', ['-stats', '-json', 'link', 'show', 'master', lab.network().bridge])
  const links = JSON.parse(stdout) as readonly { readonly stats64: Record<'rx' | 'tx', { readonly bytes: number }> }[]
  return links.reduce((sum, { stats64 }) => sum + stats64.rx.bytes + stats64.tx.bytes, 0)
}

/** The kernel counts them for all its mounts; a machine without NFS has not the file. */
async function callsOf(machine: Machine): Promise<Record<string, number>> {
  const session = await Session.login(machine)
  return countedCalls(await session.run('cat /proc/net/rpc/nfs || true'))
}

/** The order of the numbers in `proc4`, include/linux/nfs4.h; what a boot hardly calls goes by its number. */
const V4 = ['null', 'read', 'write', 'commit', 'open', 'open_confirm', 'open_noattr', 'open_downgrade', 'close']
const V4_MORE = ['setattr', 'fsinfo', 'renew', 'setclientid', 'setclientid_confirm', 'lock', 'lockt', 'locku', 'access']
const V4_NAMES = [...V4, ...V4_MORE, 'getattr', 'lookup', 'lookup_root', 'remove', 'rename', 'link', 'symlink']
const V4_LAST = [
  'create',
  'pathconf',
  'statfs',
  'readlink',
  'readdir',
  'server_caps',
  'delegreturn',
  'getacl',
  'setacl',
]
const V3 = ['null', 'getattr', 'setattr', 'lookup', 'access', 'readlink', 'read', 'write', 'create', 'mkdir', 'symlink']
const V3_LAST = ['mknod', 'remove', 'rmdir', 'rename', 'link', 'readdir', 'readdirplus', 'fsstat', 'fsinfo', 'pathconf']
const NAMES: Readonly<Record<string, readonly string[]>> = {
  proc3: [...V3, ...V3_LAST, 'commit'],
  proc4: [...V4_NAMES, ...V4_LAST],
}

/** `/proc/net/rpc/nfs` as calls by name, without those that were never made. */
export function countedCalls(text: string): Record<string, number> {
  const calls: Record<string, number> = {}
  for (const line of text.split('\n')) {
    const [kind = '', , ...counts] = line.trim().split(' ')
    const names = NAMES[kind]
    if (names === undefined) continue
    counts.forEach((count, at) => {
      const name = names[at] ?? `${kind} ${at}`
      if (Number(count) > 0) calls[name] = (calls[name] ?? 0) + Number(count)
    })
  }
  return calls
}
