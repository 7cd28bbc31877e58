import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Lab } from '../src/lab/lab.ts'
import type { GuestTree } from './nfs-guest-tree.ts'

const NETROOT = fileURLToPath(new URL('../bin/netroot', import.meta.url))
const SERVER = '10.77.0.1'
const ANYBODY = 'rw,no_root_squash,no_root_squash'

/** What the machine mounts in one row of the table. */
export interface GuestServer {
  readonly name: string
  /** Nothing: a disk of the machine. */
  readonly nfs?: {
    readonly port: number
    readonly mountPort: number
    /** The path of the tree with version 3, and with version 4. */
    readonly tree: readonly [string, string]
    readonly new: readonly [string, string]
    /** Where its pid stands. */
    readonly pidFile: string
  }
  /** Further options of the mount. */
  readonly options?: string
  /** Bytes that the kernel reads ahead of a file's reader, in KiB; its own 128 without. */
  readonly readAheadKib?: number
}

/** Starts all servers in the lab; each has the tree to read and a directory of its own to write. */
export async function startGuestServers(lab: Lab, tree: GuestTree): Promise<readonly GuestServer[]> {
  return [
    await startNetroot(lab, 'netroot, archive', 2049, tree.tar),
    await startGanesha(lab, tree),
    await startNetroot(lab, 'netroot, directory', 2050, tree.directory),
    { name: 'local disk' },
  ]
}

/** netroot with an archive or a directory as `/tree`, and a directory that is written as `/new`. */
export async function startNetroot(
  lab: Lab,
  name: string,
  port: number,
  path: string,
  words: 'sync' | 'async' = 'sync',
): Promise<GuestServer> {
  const written = join(lab.directory, `written-${port}`)
  await mkdir(written)
  const pidFile = join(lab.directory, `netroot-${port}.pid`)
  const shared = [`tree=${path}`, `new=${written},${ANYBODY},${words}`]
  const command = ['-c', 'echo $$ >"$0"; exec "$@"', pidFile, NETROOT, 'serve', 'nfs', ...shared]
  const server = lab.spawn('sh', [...command, '--listen', `${SERVER}:${port}`])
  await server.stdout.waitFor(/listening on/, { timeoutMs: 60_000 })
  const paths = { tree: ['/tree', '/tree'], new: ['/new', '/new'] } as const
  return { name, nfs: { port, mountPort: port, ...paths, pidFile } }
}

/** It tells rpcbind where it is, and both keep files in /run: theirs is not that of this host. */
async function startGanesha(lab: Lab, { directory }: GuestTree): Promise<GuestServer> {
  const [port, mountPort] = [2060, 2061]
  const written = join(lab.directory, 'written-ganesha')
  await mkdir(written)
  const [file, log, pidFile] = ['conf', 'log', 'pid'].map((end) => join(lab.directory, `ganesha.${end}`)) as [
    string,
    string,
    string,
  ]
  await writeFile(
    file,
    `NFS_CORE_PARAM { NFS_Port = ${port}; MNT_Port = ${mountPort}; Protocols = 3, 4; Enable_NLM = false; Enable_RQUOTA = false; }
     NFSv4 { Grace_Period = 0; Lease_Lifetime = 60; Graceless = true; Only_Numeric_Owners = true; }
     ${exported(1, directory, 'tree', 'RO')}${exported(2, written, 'new', 'RW')}`,
  )
  const both =
    'mount -t tmpfs tmpfs /run; mkdir /run/ganesha; rpcbind -w -f & sleep 1; exec ganesha.nfsd -F -L "$0" -f "$1" -p "$2"'
  lab.spawn('unshare', ['-m', 'sh', '-c', both, log, file, pidFile])
  const ready = `for i in $(seq 60); do grep -q 'SERVER INITIALIZED' ${log} && exit; sleep 0.5; done; cat ${log}; exit 1`
  await lab.run('sh', ['-c', ready])
  return { name: 'nfs-ganesha', nfs: { port, mountPort, tree: [directory, '/tree'], new: [written, '/new'], pidFile } }
}

function exported(id: number, path: string, name: string, access: 'RO' | 'RW'): string {
  const names = `Export_Id = ${id}; Path = ${path}; Pseudo = /${name};`
  return `EXPORT { ${names} Protocols = 3, 4; Access_Type = ${access}; Squash = None; SecType = sys; FSAL { Name = VFS; } }\n`
}
