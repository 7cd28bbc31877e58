import * as fs from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import type { Awaitable } from './byte-source.ts'
import { loadFileCalls } from '../sys/file-calls.ts'
import { DirectoryTree } from './directory-tree.ts'
import type { FileTree, NodeId } from './file-tree.ts'
import { readPath } from './paths.ts'
import { type Ownership, TreeError, type WritableFile, type WritableTree } from './writable-tree.ts'

/** For tests: the same random operations on a tree and on a plain directory, and what both are like then. */

/** An operation on paths such as `a/b`; some do nothing to what is there. */
export type Step =
  | { readonly does: 'create' | 'directory' | 'fifo' | 'remove' | 'rmdir' | 'restart'; readonly path: string }
  | { readonly does: 'symlink' | 'link' | 'rename'; readonly path: string; readonly other: string }
  | {
      readonly does: 'write' | 'truncate' | 'chmod' | 'chown' | 'attribute'
      readonly path: string
      readonly number: number
    }

const NAMES = ['a', 'b', 'c', 'd'] as const
const name = fc.constantFrom(...NAMES)
const paths = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'))
const number = fc.nat(100_000)
const calls = await loadFileCalls()
/** Only root gives files away, and only the C library sets attributes and makes what is no file. */
const HAS_ALL = process.geteuid?.() === 0 && calls !== undefined

const COMMON: readonly fc.Arbitrary<Step>[] = [
  fc.record({ does: fc.constantFrom('create', 'directory', 'remove', 'rmdir'), path: paths }),
  fc.record({ does: fc.constantFrom('symlink', 'link', 'rename', 'rename'), path: paths, other: paths }),
  fc.record({ does: fc.constantFrom('write', 'truncate', 'chmod'), path: paths, number }),
  fc.record({ does: fc.constant('restart' as const), path: paths }),
]
const SPECIAL: readonly fc.Arbitrary<Step>[] = [
  fc.record({ does: fc.constant('fifo' as const), path: paths }),
  fc.record({ does: fc.constantFrom('chown', 'attribute'), path: paths, number }),
]
const MOST = { maxLength: 60, size: 'max' } as const

/** What every tree can be asked. */
export const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(...COMMON), MOST)

/** Takes a directory away with all that is in it, and makes it anew: it must hide what is below it. */
function renew(of: string): Step[] {
  const without = (at: string): Step[] => [
    { does: 'remove', path: at },
    { does: 'rmdir', path: at },
  ]
  const inside = NAMES.flatMap((one) => [
    ...NAMES.flatMap((two) => without(`${of}/${one}/${two}`)),
    ...without(`${of}/${one}`),
  ])
  return [...inside, ...without(of), { does: 'directory', path: of }]
}

const single = fc.oneof(...COMMON, ...(HAS_ALL ? SPECIAL : [])).map((step) => [step])
/** And what only a tree of this process can. */
export const allSteps: fc.Arbitrary<Step[]> = fc
  .array(fc.oneof({ arbitrary: single, weight: 20 }, { arbitrary: paths.map(renew), weight: 1 }), MOST)
  .map((lists) => lists.flat())

const OWNER: Ownership = { mode: 0o644, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const FIFO = { type: 'fifo', device: { major: 0, minor: 0 } } as const
const ATTRIBUTE = 'user.model'
const DIRECTORY: Ownership = { ...OWNER, mode: 0o755 }
/** Directories of a release that an overlay does not move: the model does not move them either. */
const LEFT_OUT = 'EXDEV'

/** What the steps need of a tree that they are carried out on: at the other end of a connection it may have no more. */
export interface ChangedTree
  extends Pick<WritableTree, 'root' | 'lookup' | 'unlink' | 'removeDirectory' | 'rename' | 'link' | 'setAttributes'> {
  createFile(...args: Parameters<WritableTree['createFile']>): Awaitable<unknown>
  makeDirectory(...args: Parameters<WritableTree['makeDirectory']>): Awaitable<unknown>
  makeSymlink(...args: Parameters<WritableTree['makeSymlink']>): Awaitable<unknown>
  open(node: NodeId): Awaitable<Pick<WritableFile, 'write' | 'close'>>
  /** For {@link allSteps}. */
  readonly makeNode?: WritableTree['makeNode']
  readonly setXattr?: WritableTree['setXattr']
}

/** Carries a step out on both. The codes of what was refused, to be compared; undefined if it was done. */
export async function both(
  step: Step,
  tree: ChangedTree,
  directory: string,
): Promise<readonly [string | undefined, string | undefined]> {
  if (step.does === 'restart') return [undefined, undefined] // the caller's part
  if (
    !isPlain(directory, step.path) ||
    ('other' in step && step.does !== 'symlink' && !isPlain(directory, step.other))
  ) {
    return [undefined, undefined] // through a symlink: paths mean something else then
  }
  const wanted = await codeOf(() => onTree(step, tree))
  if (wanted === LEFT_OUT) return [undefined, undefined]
  return [wanted, await codeOf(() => onDirectory(step, directory))]
}

/** True if all but the last step of the path are directories or nothing, and the last is not a symlink to write through. */
function isPlain(directory: string, of: string): boolean {
  const names = of.split('/')
  return names.every(
    (_, at) =>
      at === 0 ||
      fs.lstatSync(join(directory, ...names.slice(0, at)), { throwIfNoEntry: false })?.isDirectory() === true,
  )
}

async function onTree(step: Step, tree: ChangedTree): Promise<void> {
  const [parent, last] = await place(tree, step.path)
  const node = await tree.lookup(parent, last)
  if (step.does === 'create') await tree.createFile(parent, last, OWNER, { kind: 'guarded' })
  else if (step.does === 'directory') await tree.makeDirectory(parent, last, DIRECTORY)
  else if (step.does === 'fifo') await tree.makeNode?.(parent, last, FIFO, OWNER)
  else if (step.does === 'remove') await tree.unlink(parent, last)
  else if (step.does === 'rmdir') await tree.removeDirectory(parent, last)
  else if (step.does === 'symlink') await tree.makeSymlink(parent, last, step.other, OWNER)
  else if (step.does === 'rename') await tree.rename(parent, last, ...(await place(tree, step.other)))
  else if (node === undefined) throw new TreeError('ENOENT', 'no such name')
  else if (step.does === 'link') await tree.link(node, ...(await place(tree, step.other)))
  else if (step.does === 'truncate') await tree.setAttributes(node, { size: step.number })
  else if (step.does === 'chmod') await tree.setAttributes(node, { mode: step.number & 0o777 })
  else if (step.does === 'chown') await tree.setAttributes(node, { uid: step.number, gid: step.number })
  else if (step.does === 'attribute') await tree.setXattr?.(node, ATTRIBUTE, valueOf(step.number), 'either')
  else if (step.does === 'write') await write(tree, node, step.number)
}

function valueOf(value: number): Buffer {
  return Buffer.from(String(value))
}

async function write(tree: ChangedTree, node: NodeId, position: number): Promise<void> {
  const file = await tree.open(node)
  await file.write(Buffer.from(`at ${position}`), position)
  await file.close()
}

async function place(tree: Pick<FileTree, 'root' | 'lookup'>, of: string): Promise<[NodeId, string]> {
  const names = of.split('/')
  const last = names.pop() ?? ''
  let node = tree.root
  for (const step of names) node = (await tree.lookup(node, step)) ?? node
  return [node, last]
}

/** Carries a step out on a plain directory. @throws what the system does */
export function onDirectory(step: Step, directory: string): void {
  const at = join(directory, step.path)
  const isFile = (): void => {
    const stats = fs.lstatSync(at)
    if (!stats.isFile()) throw new TreeError(stats.isDirectory() ? 'EISDIR' : 'EINVAL', 'no file')
  }
  if (step.does === 'create') fs.closeSync(fs.openSync(at, 'wx', 0o644))
  else if (step.does === 'directory') fs.mkdirSync(at, 0o755)
  else if (step.does === 'fifo') calls?.mknod(Buffer.from(at), 0o010_644, FIFO.device)
  else if (step.does === 'remove') fs.unlinkSync(at)
  else if (step.does === 'rmdir') fs.rmdirSync(at)
  else if (step.does === 'symlink') fs.symlinkSync(step.other, at)
  else if (step.does === 'rename') fs.renameSync(at, join(directory, step.other))
  else if (step.does === 'link') fs.linkSync(at, join(directory, step.other))
  else if (step.does === 'chown') fs.lchownSync(at, step.number, step.number)
  else if (step.does === 'attribute') {
    if (fs.lstatSync(at).isSymbolicLink()) throw new TreeError('EPERM', 'symlinks have none')
    calls?.setXattr(Buffer.from(at), ATTRIBUTE, valueOf(step.number), 'either')
  } else if (step.does === 'chmod') {
    if (!fs.lstatSync(at).isSymbolicLink()) fs.chmodSync(at, step.number & 0o777)
  } else if (step.does === 'truncate' || step.does === 'write') {
    isFile()
    if (step.does === 'truncate') fs.truncateSync(at, step.number)
    else writeAt(at, step.number)
  }
}

function writeAt(at: string, position: number): void {
  const fd = fs.openSync(at, 'r+')
  fs.writeSync(fd, `at ${position}`, position)
  fs.closeSync(fd)
}

async function codeOf(call: () => unknown): Promise<string | undefined> {
  try {
    await call()
    return undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code)
    throw error
  }
}

/** Every path of a tree with what it is: files that are one have the same list of names. */
export async function describeTree(
  tree: FileTree,
  attributeOf: AttributeOf = () => '',
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  const names = new Map<NodeId, string[]>()
  const queue: [string, NodeId][] = [['', tree.root]]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [above, directory] = next
    for (const entry of await tree.list(directory)) {
      const at = `${above}${entry.name}`
      const { type, mode, uid, size, linkCount } = await tree.attributes(entry.node)
      if (type === 'directory') queue.push([`${at}/`, entry.node])
      else names.set(entry.node, [...(names.get(entry.node) ?? []), at])
      const content =
        type === 'file' ? String(await readPath(tree, at)) : type === 'symlink' ? await tree.readLink(entry.node) : ''
      const links = type === 'directory' ? '' : linkCount
      const rights = type === 'symlink' ? '' : mode.toString(8)
      const attribute = await attributeOf(at, entry.node)
      found.set(at, [type, rights, uid, type === 'file' ? size : '', links, attribute, content].join(' '))
    }
  }
  found.set(
    'names',
    [...names.values()]
      .map((all) => all.toSorted().join('='))
      .toSorted()
      .join(' '),
  )
  return found
}

/** The attribute of a path; '' where it has none. */
type AttributeOf = (path: string, node: NodeId) => string | Promise<string>

export function attributeIn(tree: FileTree): AttributeOf {
  return async (_, node) => String(Buffer.from((await tree.extendedAttributes(node)).get(ATTRIBUTE) ?? ''))
}

/** The same of a plain directory. */
function attributeOnDisk(directory: string): AttributeOf {
  return (path) => {
    const at = join(directory, path)
    if (calls === undefined || fs.lstatSync(at).isSymbolicLink()) return ''
    return String(Buffer.from(calls.xattrs(Buffer.from(at)).get(ATTRIBUTE) ?? ''))
  }
}

/** What {@link describeTree} says, of a plain directory. */
export function describeDirectory(directory: string): Promise<ReadonlyMap<string, string>> {
  return describeTree(new DirectoryTree(directory), attributeOnDisk(directory))
}
