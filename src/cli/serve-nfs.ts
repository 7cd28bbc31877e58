import { createHash } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Command } from 'commander'
import type { NfsExport } from '../protocols/nfs/export.ts'
import type { MountEvent } from '../protocols/nfs/mount/program.ts'
import type { FileTree } from '../storage/file-tree.ts'
import { type Logger, stderrLogger } from '../sys/log.ts'
import { UsageError } from './failure.ts'
import { parseListen, serveUntilSignal } from './listen.ts'
import { archiveKey } from './keep-key.ts'
import { EXPORT_WORDS_HELP, type ExportWords, parseExport } from './serve-nfs-words.ts'

const EXAMPLES = `
Examples:
  netroot serve nfs root=/srv/roots/debian --listen 10.0.0.1:2049
  netroot serve nfs debian=debian.tar rescue=rescue.tar --listen 127.0.0.1:0
  netroot serve nfs home=/srv/home,rw,client=10.0.0.0/24 pc5=/srv/roots/pc5,rw,no_root_squash,client=10.0.0.5
  mount -t nfs -o ro,nolock,vers=3,proto=tcp,port=2049,mountport=2049 10.0.0.1:/debian /mnt`

/** `netroot serve nfs`: NFS and MOUNT on one TCP port, without rpcbind. */
export function serveNfsCommand(): Command {
  return new Command('nfs')
    .description('Serve directories and tar archives by NFSv3 with MOUNT, and NFSv4, on one TCP port')
    .argument('<name=path[,word...]...>', 'exports: NAME=DIRECTORY or NAME=TAR is mounted as /NAME')
    .option('--listen <address:port>', 'where to listen; port 0 takes any free one', '0.0.0.0:2049')
    .option('--rw', 'all exports without ro can be written')
    .option(
      '--state <directory>',
      'remember there which clients hold locks, so that they get them back after a restart',
    )
    .option('--rpcbind', 'tell the rpcbind that runs here of the port, for clients that ask it')
    .option('--verbose', 'log what goes on')
    .addHelpText('after', EXPORT_WORDS_HELP + EXAMPLES)
    .action(serveNfs)
}

interface ServeNfsOptions {
  readonly listen: string
  readonly rw?: boolean
  readonly state?: string
  readonly rpcbind?: boolean
  readonly verbose?: boolean
}

async function serveNfs(specs: readonly string[], options: ServeNfsOptions): Promise<void> {
  const { host, port } = parseListen(options.listen, 2049)
  const { fixedExports } = await import('../protocols/nfs/export.ts')
  const { NfsServer } = await import('../protocols/nfs/server.ts')
  const log = stderrLogger(options.verbose === true ? 'debug' : 'info')
  await using trees = new AsyncDisposableStack()
  const exports = await openExports(
    specs.map((spec) => parseExport(spec, options.rw)),
    trees,
  )
  const server = await NfsServer.listen({
    exports: fixedExports(exports),
    host,
    port,
    log,
    onMount: mountLogger(log),
    ...(options.state === undefined ? {} : { stateDirectory: join(options.state, 'nfs-clients') }),
  })
  trees.defer(() => server.close())
  if (options.rpcbind === true) {
    const { RpcbindRegistration } = await import('../protocols/rpc/rpcbind.ts')
    const rpcbind = { host, port: server.port, instead: 'serve without --rpcbind' }
    trees.use(await RpcbindRegistration.register(server.programs, rpcbind))
  }
  await serveUntilSignal(trees, { host, port: server.port })
}

function mountLogger(log: Logger): (event: MountEvent) => void {
  return ({ status, ...fields }) => log[status === 'ok' ? 'info' : 'warn']('mount', { status, ...fields })
}

async function openExports(specs: readonly ExportWords[], trees: AsyncDisposableStack): Promise<NfsExport[]> {
  const exports = new Map<string, NfsExport>()
  for (const spec of specs) {
    const opened = await openExport(spec)
    trees.defer(() => opened.tree.close())
    if (exports.has(opened.path)) throw new UsageError(`Cannot export ${opened.path} twice: each needs its own name`)
    exports.set(opened.path, opened)
  }
  return [...exports.values()]
}

async function openExport(words: ExportWords): Promise<NfsExport> {
  const path = await realpath(words.path).catch((cause: unknown) => {
    const comma = words.path.includes(',') ? ' (what follows a comma in it is none of the words in --help)' : ''
    throw new UsageError(`Cannot export "${words.path}" as ${words.name}${comma}`, { cause })
  })
  const { tree, key } = await openTree(path, words)
  return { path: `/${words.name}`, key, tree, policy: words.policy }
}

interface OpenedTree {
  readonly tree: FileTree
  readonly key: Uint8Array
}

async function openTree(path: string, words: ExportWords): Promise<OpenedTree> {
  const stats = await stat(path, { bigint: true })
  if (stats.isDirectory()) return openDirectory(path, words)
  if (!stats.isFile()) throw new UsageError(`Cannot export "${path}": want a directory or a tar archive`)
  if (words.writes && words.upper === undefined) {
    throw new UsageError(
      `Cannot export "${path}" with rw: it is an archive, which nothing changes; want upper=DIRECTORY`,
    )
  }
  const { openTarTree } = await import('../storage/tar-tree.ts')
  const tree = await openTarTree(path).catch((cause: unknown) => {
    throw new Error(`Cannot serve ${basename(path)} as a tar archive`, { cause })
  })
  // A changed archive is another export: old handles become stale rather than lead to other files.
  const key = keyOf('tar', words.name, path, stats.size, stats.mtimeNs)
  return words.upper === undefined ? { key, tree } : openOverlay(tree, archiveKey(stats), words.name, words.upper)
}

async function openOverlay(lower: FileTree, lowerKey: string, name: string, upper: string): Promise<OpenedTree> {
  const { OverlayTree } = await import('../storage/overlay-tree.ts')
  const tree = await OverlayTree.open(lower, lowerKey, upper)
  return { key: keyOf('overlay', name, await realpath(upper), lowerKey), tree }
}

/** One that is read-only too: it finds its way faster, and it is the policy that refuses to write. */
async function openDirectory(path: string, { name }: ExportWords): Promise<OpenedTree> {
  const { WritableDirectory } = await import('../storage/writable-directory.ts')
  // Two exports of one directory may grant different things, so their handles must differ.
  return { key: keyOf('directory', name, path), tree: await WritableDirectory.open(path) }
}

/** The same after a restart, as handles must be. */
function keyOf(...parts: readonly (string | bigint)[]): Uint8Array {
  return createHash('sha256').update(parts.join('\0')).digest().subarray(0, 16)
}
