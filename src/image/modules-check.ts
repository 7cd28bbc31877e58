import type { FileTree } from '../storage/file-tree.ts'
import { readPath, resolvePath } from '../storage/paths.ts'

/**
 * Says what is wrong with the modules of a kernel, or nothing. Better now than on a machine that finds no driver:
 * modules.dep must be there, be well-formed, and name only files that exist.
 */
export async function checkModules(tree: FileTree, version: string): Promise<string | undefined> {
  const directory = `lib/modules/${version}`
  if ((await resolvePath(tree, directory)) === undefined) {
    return `It has no modules for its kernel ${version}, want /usr/lib/modules/${version}`
  }
  const text = (await readPath(tree, `${directory}/modules.dep`))?.toString('latin1')
  const advice = `run "depmod ${version}" in the system it was made from`
  if (text === undefined) return `Its kernel ${version} has no modules.dep in /${directory}; ${advice}`
  const problem = (await checkLines(tree, directory, text)) ?? (await checkEmpty(tree, directory, text))
  return problem === undefined
    ? undefined
    : `The modules.dep of its kernel ${version} is invalid: ${problem}; ${advice}`
}

/** Every line is `PATH: PATH PATH…`, relative to the directory. */
async function checkLines(tree: FileTree, directory: string, text: string): Promise<string | undefined> {
  for (const [at, line] of text.split('\n').entries()) {
    if (line === '') continue
    const match = /^(\S+):( \S+)*\s*$/.exec(line)
    if (match?.[1] === undefined) return `line ${at + 1} is "${line.slice(0, 60)}", want "MODULE: MODULE…"`
    const path = match[1].startsWith('/') ? match[1] : `${directory}/${match[1]}`
    if ((await resolvePath(tree, path)) === undefined) return `line ${at + 1} names ${match[1]}, which is not there`
  }
  return undefined
}

async function checkEmpty(tree: FileTree, directory: string, text: string): Promise<string | undefined> {
  const isEmpty = text.trim() === ''
  return isEmpty && (await resolvePath(tree, `${directory}/kernel`)) !== undefined ? 'it is empty' : undefined
}
