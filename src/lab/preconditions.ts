import { constants } from 'node:fs'
import { access, open, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { type Architecture, type Firmware, type Flash, platformOf } from './platforms.ts'

/** Something that needs rights or packages which are not there: exit status 77. The text names what to type. */
export class PermissionError extends Error {
  override readonly name = 'PermissionError'
}

const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  tcpdump: 'tcpdump',
}

/**
 * Checks that this host can run machines with these firmwares, before anything is started.
 *
 * @param architecture of the machines *
 * @throws {PermissionError} that names the missing package, device or right, and what to type
 */
export async function checkHost(firmwares: readonly Firmware[], architecture?: Architecture): Promise<void> {
  for (const program of ['unshare', 'nsenter', 'setpriv', 'ip']) await requireProgram(program)
  if (firmwares.length === 0) return
  for (const platform of firmwares.map((firmware) => platformOf(firmware, architecture))) {
    await requireProgram(platform.program, platform.package)
    if (platform.flash !== undefined) await requireFlash(platform.flash)
  }
  await requireTun('/dev/net/tun')
}

/** @throws {PermissionError} if the program is nowhere in PATH; the text names its package */
export async function requireProgram(program: string, packageName = PACKAGES[program] ?? program): Promise<void> {
  const folders = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter)
  for (const folder of folders) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return
  }
  const what = `Cannot run virtual machines: ${program} is not installed`
  throw new PermissionError(`${what}. Install it: apt install ${packageName}`)
}

async function requireFlash({ code, vars, package: packageName }: Flash): Promise<void> {
  for (const file of [code, vars]) {
    await access(file, constants.R_OK).catch((cause: unknown) => {
      const text = `Cannot run a UEFI machine: its firmware ${file} is not there. Install it: apt install ${packageName}`
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
