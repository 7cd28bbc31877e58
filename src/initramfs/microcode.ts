import { decompress, detectCompression } from '../formats/compression.ts'
import type { CpioEntry } from '../formats/cpio/entry.ts'
import { completeTree } from '../formats/cpio/tree.ts'
import type { FileTree } from '../storage/file-tree.ts'
import { readPath, resolvePath } from '../storage/paths.ts'
import { run } from '../sys/run.ts'
import { byteStringOf, textOf } from '../wire/bytestring.ts'

/** What an early part holds: files of the root below /lib/firmware. */
export interface MicrocodeReport {
  readonly files: readonly string[]
}

/** Where a root keeps microcode, and the one file in which the kernel wants all of a maker. */
const MAKERS = {
  'amd-ucode': { name: 'AuthenticAMD.bin', files: /^microcode_amd.*\.bin(?:\.xz|\.zst)?$/ },
  'intel-ucode': { name: 'GenuineIntel.bin', files: /^[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}(?:\.xz|\.zst)?$/ },
} as const

/**
 * The early part: microcode for the processors of a root's machines, Linux Documentation/arch/x86/microcode.rst. The
 * kernel looks for it before it can decompress, so it must come first and be compressed by nothing. Undefined where
 * the root has none.
 */
export async function buildMicrocode(
  tree: FileTree,
): Promise<{ entries: CpioEntry[]; report: MicrocodeReport } | undefined> {
  const found = await Promise.all(Object.entries(MAKERS).map(([name, maker]) => microcodeOf(tree, name, maker)))
  const entries = found.flatMap(({ entry }) => entry ?? [])
  const files = found.flatMap((one) => one.files)
  return entries.length === 0 ? undefined : { entries: completeTree(entries), report: { files } }
}

async function microcodeOf(
  tree: FileTree,
  directory: string,
  { name, files: isMicrocode }: (typeof MAKERS)[keyof typeof MAKERS],
): Promise<{ entry?: CpioEntry; files: string[] }> {
  const node = await resolvePath(tree, `/lib/firmware/${directory}`)
  if (node === undefined) return { files: [] }
  const names = (await tree.list(node)).map((entry) => textOf(entry.name)).filter((file) => isMicrocode.test(file))
  const files = names.toSorted().map((file) => `${directory}/${file}`)
  if (files.length === 0) return { files }
  const contents = await Promise.all(files.map((file) => contentOf(tree, file)))
  const path = byteStringOf(`kernel/x86/microcode/${name}`)
  return { files, entry: { type: 'file', name: path, mode: 0o644, content: Buffer.concat(contents) } }
}

async function contentOf(tree: FileTree, file: string): Promise<Uint8Array> {
  const content = (await readPath(tree, `/lib/firmware/${file}`)) ?? new Uint8Array()
  if (detectCompression(content) === 'xz') return run('xz', ['--decompress', '--stdout'], { input: content })
  return decompress(content)
}
