import { stat } from 'node:fs/promises'
import { Command } from 'commander'
import { textOf } from '../wire/bytestring.ts'
import type { Conflict, OverlayRelease } from '../storage/overlay/move.ts'
import { Keeps } from '../image/keeps.ts'
import { askForUpdate } from '../image/keep-stale.ts'
import type { ReleaseStore } from '../image/store.ts'
import { UsageError } from './failure.ts'
import { openStore } from './store.ts'
import { archiveKey } from './keep-key.ts'

const EXAMPLES = `
Examples:
  netroot keep move pc7 --dry-run                   to the newest release of its image
  netroot keep move pc7 --to debian@3f9ad2
  netroot keep move /srv/pc5 --from old.tar --to new.tar`

interface Options {
  readonly from?: string
  readonly to?: string
  readonly store?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** `netroot keep move`: puts a machine's own changes above another release. */
export function keepMoveCommand(): Command {
  return new Command('move')
    .description("Put a machine's changes above another release")
    .argument('<machine>', 'name or MAC address; or, with --from, the directory of upper= (netroot serve nfs)')
    .option('--from <tar>', 'the archive that they are above now, where they are not in the store')
    .option('--to <release>', 'a release such as debian or debian@3f9ad2; with --from an archive')
    .option('--dry-run', 'only tell what both sides changed')
    .addHelpText('after', EXAMPLES)
    .action(keepMove)
}

async function keepMove(machine: string, options: Options): Promise<void> {
  const { dryRun = false, json = false } = options
  const { moveOverlay } = await import('../storage/overlay/move.ts')
  await using trees = new AsyncDisposableStack()
  const { directory, from, to, noteMoved } = await meant(machine, options, trees)
  const conflicts = await moveOverlay(directory, from, to, { dryRun })
  if (!dryRun) await noteMoved?.()
  const shown = conflicts.map(({ path, ...rest }) => ({ path: textOf(path), ...rest }))
  if (json) process.stdout.write(`${JSON.stringify({ moved: !dryRun, conflicts: shown }, undefined, 2)}\n`)
  else process.stdout.write(report(machine, shown, dryRun))
}

interface Meant {
  readonly directory: string
  readonly from: OverlayRelease
  readonly to: OverlayRelease
  /** What the machine's next boot, and its story, must know. */
  readonly noteMoved?: () => Promise<void>
}

/** Archives where `--from` names one, else a machine of the store. */
async function meant(machine: string, { from, to, store }: Options, trees: AsyncDisposableStack): Promise<Meant> {
  if (from === undefined) return keptByMachine(machine, to, await openStore(store), trees)
  if (to === undefined) throw new UsageError('Cannot move with --from and without --to, want the new archive')
  return { directory: machine, from: await open(from, trees), to: await open(to, trees) }
}

async function keptByMachine(
  machine: string,
  wanted: string | undefined,
  store: ReleaseStore,
  trees: AsyncDisposableStack,
): Promise<Meant> {
  const keeps = new Keeps(store.directory)
  const { directory, release, mac, owner } = await keeps.resolve(machine)
  if (release === undefined) throw new UsageError(`Cannot move ${machine}: it has changed nothing yet`)
  const newer = wanted === undefined ? await newestBeside(store, release) : await store.resolve(wanted)
  const [from, to] = [trees.use(await store.openRelease(release)), trees.use(await store.openRelease(newer))]
  const noteMoved = async (): Promise<void> => {
    await askForUpdate(directory)
    await keeps.note(mac, { ...owner, movedFrom: release })
  }
  return { directory, from: { tree: from.tree, key: release }, to: { tree: to.tree, key: newer }, noteMoved }
}

/** The newest release of the image that has this one. */
async function newestBeside(store: ReleaseStore, release: string): Promise<string> {
  const holders = (await store.images()).filter(({ releases }) => releases.some(({ digest }) => digest === release))
  const newest = holders[0]?.releases[0]?.digest
  if (holders.length === 1 && newest !== undefined) return newest
  const names = holders.map(({ name }) => name).join(', ') || 'no image'
  throw new UsageError(`Cannot tell which release is meant: ${names} has ${release.slice(0, 12)}; want --to`)
}

async function open(path: string, trees: AsyncDisposableStack): Promise<OverlayRelease> {
  const { openTarTree } = await import('../storage/tar-tree.ts')
  const tree = await openTarTree(path)
  trees.defer(() => tree.close())
  return { tree, key: archiveKey(await stat(path, { bigint: true })) }
}

function report(directory: string, conflicts: readonly Conflict[], dryRun: boolean): string {
  const lines = conflicts.map(({ path, here, release }) => `  /${path}: ${here} here, ${release} in the new release`)
  const done = dryRun ? 'would be moved' : 'is moved'
  const count =
    conflicts.length === 0 ? 'nothing was changed on both sides' : 'changed on both sides, the machine keeps its own:'
  return [`${directory} ${done}; ${count}`, ...lines, ''].join('\n')
}
