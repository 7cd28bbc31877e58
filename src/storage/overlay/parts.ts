import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileTree, NodeId } from '../file-tree.ts'
import { WritableDirectory } from '../writable-directory.ts'
import { codeOf } from '../writable/errors.ts'
import { claim } from '../../sys/claim.ts'
import type { OverlayParts } from './layers.ts'

/** Which release the directory is above. */
const RELEASE = 'release'

/** A directory is above one release, and was given another. */
export class OtherReleaseError extends Error {
  override readonly name = 'OtherReleaseError'
}

/**
 * Opens the directory of an overlay; a new one gets its parts.
 *
 *     DIRECTORY/release   the key of the release
 *     DIRECTORY/upper     what the client has changed
 *     DIRECTORY/work      what is being made; emptied at each start
 *     DIRECTORY/owner     the process that has it open, a symlink
 *
 * @throws {OtherReleaseError}, {@link InUseError} and the system's error
 */
export async function openParts(lower: FileTree, lowerKey: string, directory: string): Promise<OverlayParts> {
  await mkdir(join(directory, 'work'), { recursive: true, mode: 0o700 })
  const isNew = (await mkdir(join(directory, 'upper'), { recursive: true, mode: 0o755 })) !== undefined
  const release = await claim(directory)
  await checkRelease(directory, lowerKey).catch(async (error: unknown) => {
    await release()
    throw error
  })
  const upper = await WritableDirectory.open(directory)
  const nodeOf = async (name: string): Promise<NodeId> => (await upper.lookup(upper.root, name)) ?? upper.root
  const parts = { lower, lowerKey, upper, upperRoot: await nodeOf('upper'), work: await nodeOf('work'), release }
  if (isNew) await likeRoot(parts)
  await emptyWork(parts)
  return parts
}

/** The release that a directory is above; undefined for one that is new. */
export async function releaseOf(directory: string): Promise<string | undefined> {
  try {
    return (await readFile(join(directory, RELEASE), 'utf8')).trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Ties a directory to a release. */
export async function tieTo(directory: string, lowerKey: string): Promise<void> {
  await writeFile(join(directory, RELEASE), `${lowerKey}\n`)
}

async function checkRelease(directory: string, lowerKey: string): Promise<void> {
  const known = await releaseOf(directory)
  if (known === undefined) await tieTo(directory, lowerKey)
  else if (known !== lowerKey) {
    throw new OtherReleaseError(`${directory} holds changes of release ${known}, not of ${lowerKey}: move it first`)
  }
}

/** The root of a new upper directory stands for the release's. */
async function likeRoot({ lower, upper, upperRoot }: OverlayParts): Promise<void> {
  const { mode, uid, gid, modified } = await lower.attributes(lower.root)
  const owner = process.geteuid?.() === 0 ? { uid, gid } : {}
  await upper.setAttributes(upperRoot, { mode, ...owner, modified })
}

async function emptyWork({ upper, work }: OverlayParts): Promise<void> {
  for (const { name } of await upper.list(work)) await remove(upper, work, name)
}

async function remove(tree: WritableDirectory, directory: NodeId, name: string): Promise<void> {
  const node = await tree.lookup(directory, name)
  if (node === undefined) return
  if ((await tree.attributes(node)).type !== 'directory') return tree.unlink(directory, name)
  for (const entry of await tree.list(node)) await remove(tree, node, entry.name)
  await tree.removeDirectory(directory, name)
}
