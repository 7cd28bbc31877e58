import type { CpioEntry } from '../formats/cpio/entry.ts'
import { globRegExp } from '../formats/glob.ts'
import type { FileTree, NodeId } from '../storage/file-tree.ts'
import { readPath, resolvePath } from '../storage/paths.ts'
import { byteStringOf, textOf } from '../wire/bytestring.ts'

/** A firmware file that a module asks for. */
export interface FirmwareRequest {
  readonly module: string
  /** As the module says it, such as `rtl_nic/rtl8168g-2.fw`; may be a pattern. */
  readonly name: string
}

/** What of the requested firmware the root has. */
export interface FoundFirmware {
  /** Below `lib/firmware`, as they stand in the root: compressed or not, symlinks followed. */
  readonly entries: readonly CpioEntry[]
  /** The module that asked first for each, by its path below /lib/firmware. */
  readonly reasons: ReadonlyMap<string, string>
  readonly missing: readonly FirmwareRequest[]
}

/** Endings that the kernel tries, and the order in which it does: drivers/base/firmware_loader/main.c. */
const ENDINGS = ['', '.zst', '.xz'] as const

/** Looks for firmware in the places where the kernel does. */
export async function findFirmware(
  tree: FileTree,
  version: string,
  requests: readonly FirmwareRequest[],
): Promise<FoundFirmware> {
  const roots = firmwareRoots(version)
  const missing: FirmwareRequest[] = []
  const reasons = new Map<string, string>()
  for (const request of requests) {
    const found = await firstFound(tree, roots, request.name)
    if (found.length === 0) missing.push(request)
    for (const path of found) if (!reasons.has(path)) reasons.set(path, request.module)
  }
  return { entries: await entriesOf(tree, [...reasons.keys()].toSorted()), reasons, missing }
}

/** Directories below /lib/firmware in which the kernel looks, one after the other. */
export function firmwareRoots(version: string): string[] {
  return [`updates/${version}/`, 'updates/', `${version}/`, '']
}

/** Paths below /lib/firmware: of a plain name the first that is there, of a pattern all. */
async function firstFound(tree: FileTree, roots: readonly string[], name: string): Promise<string[]> {
  if (/(?:^|\/)\.\.(?:\/|$)/.test(name)) return []
  for (const root of roots) {
    for (const ending of ENDINGS) {
      const found = await matching(tree, `${root}${name}${ending}`)
      if (found.length > 0) return found
    }
  }
  return []
}

async function matching(tree: FileTree, path: string): Promise<string[]> {
  if (!/[*?[]/.test(path)) return (await fileAt(tree, path)) === undefined ? [] : [path]
  const cut = path.lastIndexOf('/') + 1
  const directory = await resolvePath(tree, `/lib/firmware/${path.slice(0, cut)}`)
  if (directory === undefined) return []
  const glob = globRegExp(path.slice(cut))
  const names = (await tree.list(directory)).map(({ name }) => textOf(name)).filter((name) => glob.test(name))
  const files = await Promise.all(names.map((name) => fileAt(tree, path.slice(0, cut) + name)))
  return names.flatMap((name, index) => (files[index] === undefined ? [] : [path.slice(0, cut) + name]))
}

async function fileAt(tree: FileTree, path: string): Promise<NodeId | undefined> {
  const node = await resolvePath(tree, `/lib/firmware/${path}`)
  return node !== undefined && (await tree.attributes(node)).type === 'file' ? node : undefined
}

/** Several names of one file take its room once. */
async function entriesOf(tree: FileTree, paths: readonly string[]): Promise<CpioEntry[]> {
  const first = new Map<NodeId, string>()
  const entries: CpioEntry[] = []
  for (const path of paths) {
    const node = await fileAt(tree, path)
    if (node === undefined) continue
    const name = byteStringOf(`lib/firmware/${path}`)
    const to = first.get(node)
    if (to !== undefined) entries.push({ type: 'link', name, to })
    else {
      first.set(node, name)
      const content = (await readPath(tree, `/lib/firmware/${path}`)) ?? new Uint8Array()
      entries.push({ type: 'file', name, mode: 0o644, content })
    }
  }
  return entries
}
