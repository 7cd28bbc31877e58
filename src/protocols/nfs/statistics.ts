import type { FileTree } from '../../storage/file-tree.ts'

/** A tree may have to count, so it is asked no more often than this, milliseconds. */
const STATISTICS_MS = 30_000

type Statistics = ReturnType<FileTree['statistics']>
const counted = new WeakMap<FileTree, { readonly statistics: Statistics; readonly at: number }>()

/** What the tree holds, as it was counted not long ago. */
export function statisticsOf(tree: FileTree): Statistics {
  const known = counted.get(tree)
  if (known !== undefined && performance.now() - known.at < STATISTICS_MS) return known.statistics
  const statistics = tree.statistics()
  counted.set(tree, { statistics, at: performance.now() })
  return statistics
}
