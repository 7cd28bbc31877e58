import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../src/sys/run.ts'
import type { NfsLoad, NfsLoadResult } from './nfs-load.ts'
import type { Mount } from './libnfs.ts'

const NETROOT = fileURLToPath(new URL('../bin/netroot', import.meta.url))
const LOAD = fileURLToPath(new URL('nfs-load.ts', import.meta.url))
/** All goes on in a network of its own: nfs-ganesha wants an rpcbind, which would listen everywhere. */
export const SPACE = `netroot-bench-${process.pid}`
export const INSIDE = ['ip', 'netns', 'exec', SPACE] as const

/** What is done, wherever. */
export interface Doing extends Omit<NfsLoad, Exclude<keyof Mount, 'version'>> {
  /** What is written need not be on the disk before the answer: nfs-ganesha never waits for names. */
  readonly late?: boolean
}

export interface Server {
  readonly name: string
  readonly port: number
  readonly mountPort: number
  /** What is mounted with version 3; with version 4 it is always /tree. */
  readonly path: string
  readonly command: readonly string[]
}

/** Netroot with an archive or a directory as `/tree`, and a directory to write as `/new`, and as `/late` with `async`. */
export function netroot(name: string, port: number, path: string, writable: string): Server {
  const written = ['new', 'late'].map(
    (one) => `${one}=${join(writable, one)},rw,${one === 'late' ? 'async' : 'sync'},no_root_squash,client=127.0.0.1`,
  )
  const command = [NETROOT, 'serve', 'nfs', `tree=${path}`, ...written, '--listen', `127.0.0.1:${port}`]
  return { name, port, mountPort: port, path: '/tree', command }
}

/** It tells rpcbind where it is, and both keep files in /run: theirs is not that of this host. */
export async function ganesha(directory: string, tree: string, writable: string): Promise<Server> {
  const [port, mountPort] = [7203, 7204]
  const file = join(directory, 'ganesha.conf')
  await writeFile(
    file,
    `NFS_CORE_PARAM { NFS_Port = ${port}; MNT_Port = ${mountPort}; Protocols = 3, 4;
       Enable_NLM = false; Enable_RQUOTA = false; }
     NFSv4 { Grace_Period = 0; Lease_Lifetime = 10; Graceless = true; }
     ${exported(1, tree, 'tree', 'RO')}${exported(2, join(writable, 'new'), 'new', 'RW')}
     ${exported(3, join(writable, 'late'), 'late', 'RW')}`,
  )
  const both =
    'mount -t tmpfs tmpfs /run; mkdir /run/ganesha; rpcbind -w -f & sleep 1; exec ganesha.nfsd -F -L "$0" -f "$1" -p "$2"'
  const log = join(directory, 'ganesha.log')
  const command = ['unshare', '-m', 'sh', '-c', both, log, file, join(directory, 'ganesha.pid')]
  return { name: 'nfs-ganesha', port, mountPort, path: tree, command }
}

function exported(id: number, path: string, name: string, access: 'RO' | 'RW'): string {
  const names = `Export_Id = ${id}; Path = ${path}; Pseudo = /${name};`
  return `EXPORT { ${names} Protocols = 3, 4; Access_Type = ${access}; Squash = None; SecType = sys; FSAL { Name = VFS; } }\n`
}

/** Puts a load on a server. @param cores the processors that the client may use @throws {CommandError} with the words of the client */
export async function loaded(server: Server, doing: Doing, cores = '0,1'): Promise<NfsLoadResult> {
  const load: NfsLoad = { ...doing, ...placeOf(server, doing) }
  const program = [
    'taskset',
    '-c',
    cores,
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    LOAD,
    JSON.stringify(load),
  ]
  const args = [...INSIDE.slice(1), ...program]
  return JSON.parse((await run(INSIDE[0], args, { signal: AbortSignal.timeout(120_000) })).toString()) as NfsLoadResult
}

/** What is mounted: the tree, or beside it the directory that is written. */
function placeOf({ port, mountPort, path }: Server, { version, does, late = false }: Doing): Omit<Mount, 'version'> {
  const tree = version === 4 ? '/tree' : path
  const isWritten = does === 'unpack' || does === 'install'
  return { port, mountPort, path: isWritten ? tree.replace(/tree$/, late ? 'late' : 'new') : tree }
}

/** Rejects as long as nobody listens, or nothing is exported yet. */
export async function answers(server: Server): Promise<void> {
  await loaded(server, { version: 4, does: 'getattr', connections: 1, outstanding: 1, count: 1 })
}
