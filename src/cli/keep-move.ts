import { stat } from 'node:fs/promises'
import { Command } from 'commander'
import { textOf } from '../wire/bytestring.ts'
import type { Conflict, OverlayRelease } from '../storage/overlay/move.ts'
import { archiveKey } from './keep-key.ts'

const EXAMPLES = `
Examples:
  netroot keep move /srv/pc5 --from old.tar --to new.tar --dry-run
  netroot keep move /srv/pc5 --from old.tar --to new.tar`

interface Options {
  readonly from: string
  readonly to: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** `netroot keep move`: puts a machine's own changes above another release. */
export function keepMoveCommand(): Command {
  return new Command('move')
    .description("Put a machine's changes (upper= of netroot serve nfs) above another archive")
    .argument('<directory>', 'that holds the changes; nobody may have it open')
    .requiredOption('--from <tar>', 'the archive that they are above now')
    .requiredOption('--to <tar>', 'the archive that they are to be above')
    .option('--dry-run', 'only tell what both sides changed')
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES)
    .action(keepMove)
}

async function keepMove(directory: string, { from, to, dryRun = false, json = false }: Options): Promise<void> {
  const { moveOverlay } = await import('../storage/overlay/move.ts')
  await using trees = new AsyncDisposableStack()
  const [old, anew] = [await open(from, trees), await open(to, trees)]
  const conflicts = await moveOverlay(directory, old, anew, { dryRun })
  const shown = conflicts.map(({ path, ...rest }) => ({ path: textOf(path), ...rest }))
  if (json) process.stdout.write(`${JSON.stringify({ moved: !dryRun, conflicts: shown }, undefined, 2)}\n`)
  else process.stdout.write(report(directory, shown, dryRun))
}

async function open(path: string, trees: AsyncDisposableStack): Promise<OverlayRelease> {
  const { openTarTree } = await import('../storage/tar-tree.ts')
  const tree = await openTarTree(path)
  trees.defer(() => tree.close())
  return { tree, key: archiveKey(await stat(path, { bigint: true })) }
}

function report(directory: string, conflicts: readonly Conflict[], dryRun: boolean): string {
  const lines = conflicts.map(({ path, here, release }) => `  /${path}: ${here} here, ${release} in the new archive`)
  const done = dryRun ? 'would be moved' : 'is moved'
  const count =
    conflicts.length === 0 ? 'nothing was changed on both sides' : 'changed on both sides, the machine keeps its own:'
  return [`${directory} ${done}; ${count}`, ...lines, ''].join('\n')
}
