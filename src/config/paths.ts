import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where `netroot up` and the commands that read netroot.yaml look for it: here. */
export const CONFIG_FILE = 'netroot.yaml'

/**
 * Where images, initramfs parts and the database lie unless a flag or netroot.yaml's `store` names another place:
 * `$NETROOT_STATE`, for root /var/lib/netroot, for everybody else netroot/ in the XDG state directory.
 */
export function stateDirectory(
  env: Readonly<Record<string, string | undefined>> = process.env,
  userId: number | undefined = process.getuid?.(),
): string {
  const named = env['NETROOT_STATE']
  if (named !== undefined && named !== '') return named
  if (userId === 0) return '/var/lib/netroot'
  const xdg = env['XDG_STATE_HOME']
  // the XDG specification says that a relative path is to be ignored
  const base = xdg?.startsWith('/') === true ? xdg : join(env['HOME'] ?? homedir(), '.local', 'state')
  return join(base, 'netroot')
}

/** The DHCP leases of a state directory. */
export function leasesPath(state: string): string {
  return join(state, 'dhcp-leases')
}

/** The DHCPv6 leases of a state directory. */
export function leases6Path(state: string): string {
  return join(state, 'dhcp6-leases')
}

/** The embedded database (boots and their events) of a state directory. */
export function databasePath(state: string): string {
  return join(state, 'netroot.sqlite')
}

/** The clients of NFS version 4 that hold something, of the server at one address and port. */
export function nfsClientsPath(state: string, host: string, port: number): string {
  return join(state, 'nfs-clients', `${host}-${port}`)
}

/** What was written for another NFS server, so that it can be taken back. */
export function nfsDropInPath(state: string): string {
  return join(state, 'nfs-drop-in.json')
}
