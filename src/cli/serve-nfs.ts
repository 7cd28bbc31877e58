import { createHash } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Command } from 'commander'
import type { NfsExport } from '../protocols/nfs/export.ts'
import type { MountEvent } from '../protocols/nfs/mount/program.ts'
import type { FileTree } from '../storage/file-tree.ts'
import { type Logger, stderrLogger } from '../sys/log.ts'
import { UsageError } from './failure.ts'
import { parseListen, serveUntilSignal } from './listen.ts'

const EXAMPLES = `
Examples:
  netroot serve nfs root=/srv/roots/debian --listen 10.0.0.1:2049
  netroot serve nfs debian=debian.tar rescue=rescue.tar --listen 127.0.0.1:0
  mount -t nfs -o ro,nolock,vers=3,proto=tcp,port=2049,mountport=2049 10.0.0.1:/debian /mnt`

/** `netroot serve nfs`: NFSv3 and MOUNT on one TCP port, without rpcbind. */
export function serveNfsCommand(): Command {
  return new Command('nfs')
    .description('Serve directories and tar archives by NFSv3 and MOUNT on one TCP port, read-only')
    .argument('<name=path...>', 'exports: NAME=DIRECTORY or NAME=TAR is mounted as /NAME')
    .option('--listen <address:port>', 'where to listen; port 0 takes any free one', '0.0.0.0:2049')
    .option('--rw', 'refused: this version serves read-only')
    .option('--verbose', 'log what goes on')
    .addHelpText('after', EXAMPLES)
    .action(serveNfs)
}

async function serveNfs(
  specs: readonly string[],
  options: { readonly listen: string; readonly rw?: boolean; readonly verbose?: boolean },
): Promise<void> {
  if (options.rw === true) {
    throw new UsageError('Cannot serve NFS read-write: this version is read-only; leave --rw away')
  }
  const { host, port } = parseListen(options.listen, 2049)
  const { fixedExports } = await import('../protocols/nfs/export.ts')
  const { NfsServer } = await import('../protocols/nfs/server.ts')
  const log = stderrLogger(options.verbose === true ? 'debug' : 'info')
  await using trees = new AsyncDisposableStack()
  const exports = await openExports(specs, trees)
  const server = await NfsServer.listen({ exports: fixedExports(exports), host, port, log, onMount: mountLogger(log) })
  await serveUntilSignal(server, { host, port: server.port })
}

function mountLogger(log: Logger): (event: MountEvent) => void {
  return ({ status, ...fields }) => log[status === 'ok' ? 'info' : 'warn']('mount', { status, ...fields })
}

async function openExports(specs: readonly string[], trees: AsyncDisposableStack): Promise<NfsExport[]> {
  const exports = new Map<string, NfsExport>()
  for (const spec of specs) {
    const opened = await openExport(spec)
    trees.defer(() => opened.tree.close())
    if (exports.has(opened.path)) throw new UsageError(`Cannot export ${opened.path} twice: each needs its own name`)
    exports.set(opened.path, opened)
  }
  return [...exports.values()]
}

async function openExport(spec: string): Promise<NfsExport> {
  const match = /^([^=/]+)=(.+)$/.exec(spec)
  const [, name = '', given = ''] = match ?? []
  if (match === null || name === '.' || name === '..') {
    throw new UsageError(`Cannot export "${spec}", want NAME=DIRECTORY or NAME=TAR, the name without /`)
  }
  const path = await realpath(given).catch((cause: unknown) => {
    throw new UsageError(`Cannot export "${given}" as ${name}`, { cause })
  })
  const { tree, key } = await openTree(path)
  return { path: `/${name}`, key, tree }
}

async function openTree(path: string): Promise<{ readonly tree: FileTree; readonly key: Uint8Array }> {
  const stats = await stat(path, { bigint: true })
  if (stats.isDirectory()) {
    const { DirectoryTree } = await import('../storage/directory-tree.ts')
    return { key: keyOf('directory', path), tree: new DirectoryTree(path) }
  }
  if (!stats.isFile()) throw new UsageError(`Cannot export "${path}": want a directory or a tar archive`)
  const { openTarTree } = await import('../storage/tar-tree.ts')
  const tree = await openTarTree(path).catch((cause: unknown) => {
    throw new Error(`Cannot serve ${basename(path)} as a tar archive`, { cause })
  })
  // A changed archive is another export: old handles become stale rather than lead to other files.
  return { key: keyOf('tar', path, stats.size, stats.mtimeNs), tree }
}

/** The same after a restart, as handles must be. */
function keyOf(...parts: readonly (string | bigint)[]): Uint8Array {
  return createHash('sha256').update(parts.join('\0')).digest().subarray(0, 16)
}
