import { constants } from 'node:fs'
import { access, open, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

export type Firmware = 'bios' | 'uefi'

/** Something that needs rights or packages which are not there: exit status 77. The text names what to type. */
export class PermissionError extends Error {
  override readonly name = 'PermissionError'
}

/** Where Debian's `ovmf` package puts the UEFI firmware: the code, and the variables that each machine gets a copy of. */
export const OVMF = { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', vars: '/usr/share/OVMF/OVMF_VARS_4M.fd' } as const

const PACKAGES: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  ip: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  tcpdump: 'tcpdump',
}

/**
 * Checks that this host can run machines with these firmwares, before anything is started.
 *
 * @throws {PermissionError} that names the missing package, device or right, and what to type
 */
export async function checkHost(firmwares: readonly Firmware[], tun = '/dev/net/tun'): Promise<void> {
  for (const program of ['unshare', 'nsenter', 'setpriv', 'ip']) await requireProgram(program)
  if (firmwares.length === 0) return
  await requireProgram('qemu-system-x86_64')
  if (firmwares.includes('uefi')) await requireOvmf()
  await requireTun(tun)
}

/** @throws {PermissionError} if the program is nowhere in PATH; the text names its package */
export async function requireProgram(program: string): Promise<void> {
  const folders = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter)
  for (const folder of folders) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return
  }
  const name = PACKAGES[program] ?? program
  throw new PermissionError(`Cannot run virtual machines: ${program} is not installed. Install it: apt install ${name}`)
}

async function requireOvmf(): Promise<void> {
  for (const file of [OVMF.code, OVMF.vars]) {
    await access(file, constants.R_OK).catch((cause: unknown) => {
      const text = `Cannot run a UEFI machine: its firmware ${file} is not there. Install it: apt install ovmf`
      throw new PermissionError(text, { cause })
    })
  }
}

async function requireTun(tun: string): Promise<void> {
  try {
    await (await open(tun, 'r+')).close()
  } catch (cause) {
    throw new PermissionError(explainTun(tun, cause), { cause })
  }
}

/** What to do about a tun device that cannot be opened. */
export function explainTun(tun: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  const what = 'Cannot make virtual network cards:'
  if (code === 'ENOENT') {
    return `${what} ${tun} is not there. As root: modprobe tun; where that does not make it: mkdir -p /dev/net && mknod ${tun} c 10 200; for a container: --device ${tun}`
  }
  if (code === 'ENODEV' || code === 'ENXIO')
    return `${what} the kernel has no tun driver behind ${tun}. As root: modprobe tun`
  if (code === 'EACCES' || code === 'EPERM') {
    return `${what} no permission to open ${tun} (${code}). As root: chmod 666 ${tun}; for a container: --device ${tun}`
  }
  return `${what} ${tun} cannot be opened (${code})`
}

/** Settings of the kernel that forbid user namespaces, with the value that allows them. */
export const NAMESPACE_SETTINGS = [
  { name: 'user.max_user_namespaces', forbids: '0', allow: '10000' },
  { name: 'kernel.unprivileged_userns_clone', forbids: '0', allow: '1' },
  { name: 'kernel.apparmor_restrict_unprivileged_userns', forbids: '1', allow: '0' },
] as const

/** Reads those settings; a setting that this kernel does not know is left out. */
export async function readNamespaceSettings(): Promise<ReadonlyMap<string, string>> {
  const settings = new Map<string, string>()
  for (const { name } of NAMESPACE_SETTINGS) {
    const value = await readFile(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').catch(() => undefined)
    if (value !== undefined) settings.set(name, value.trim())
  }
  return settings
}

/** Says why a private network could not be made, from what `unshare` wrote and the kernel's settings. */
export function explainNoNamespace(stderr: string, settings: ReadonlyMap<string, string>): string {
  const guilty = NAMESPACE_SETTINGS.find(({ name, forbids }) => settings.get(name) === forbids)
  const what = `Cannot make a private network: ${stderr.trim() || 'unshare failed'}.`
  if (guilty === undefined) return `${what} Run it as root, or outside of the container`
  return `${what} The kernel forbids it by ${guilty.name} = ${guilty.forbids}. Run it as root, or as root: sysctl -w ${guilty.name}=${guilty.allow}`
}
