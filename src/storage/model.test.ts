import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import * as fc from 'fast-check'
import { both, describeDirectory, describeTree, onDirectory, type Step, allSteps, attributeIn } from './model.ts'
import { OverlayTree } from './overlay-tree.ts'
import { openTarTree } from './tar-tree.ts'
import { slowMedium } from './writable/slow-medium.ts'
import { WritableDirectory } from './writable-directory.ts'
import type { WritableTree } from './writable-tree.ts'

const base = fs.mkdtempSync(join(tmpdir(), 'netroot-model-'))
after(() => fs.rmSync(base, { recursive: true }))
const [MOUNT, UNMOUNT] = ['mount', 'umount'] // as root, where the kernel lets us
process.umask(0) // modes are what they are said to be

/** What the release holds: names that the steps use too. */
const LOWER = join(base, 'lower')
const TAR = join(base, 'lower.tar')
for (const path of ['a/a/b', 'a/c', 'b/b/b']) fs.mkdirSync(join(LOWER, path), { recursive: true, mode: 0o755 })
for (const path of ['a/a/a', 'a/b', 'b/a', 'c']) fs.writeFileSync(join(LOWER, path), `release ${path}`.repeat(50))
fs.linkSync(join(LOWER, 'c'), join(LOWER, 'b/c'))
fs.symlinkSync('a/b', join(LOWER, 'd'))
execFileSync('tar', ['--format=pax', '--numeric-owner', '-C', LOWER, '-cf', TAR, '.'])

interface Subject {
  readonly open: (path: string) => Promise<WritableTree>
  readonly model: (path: string) => void
  readonly check?: (path: string, model: string) => Promise<void>
}

let count = 0
/** Carries the steps out on a new tree and on its model, and compares. */
async function compare({ open, model, check }: Subject, list: readonly Step[]): Promise<void> {
  const path = join(base, String((count += 1)))
  const plain = `${path}-model`
  model(plain)
  let tree = await open(path)
  try {
    for (const step of list) {
      const [found, wanted] = await both(step, tree, plain)
      assert.equal(found === undefined, wanted === undefined, `${JSON.stringify(step)}: ${found}, want ${wanted}`)
      if (step.does !== 'restart') continue
      await tree.close()
      tree = await open(path)
    }
    assert.deepEqual(await describeTree(tree, attributeIn(tree)), await describeDirectory(plain))
    await check?.(path, plain)
  } finally {
    await tree.close()
    fs.rmSync(path, { recursive: true })
    fs.rmSync(plain, { recursive: true })
  }
}

const runs = (subject: Subject, numRuns: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(allSteps, (list) => compare(subject, list)),
    { numRuns, seed: 5 },
  )

test('WritableDirectory is as a plain directory after any operations', async () => {
  const open = (path: string): Promise<WritableTree> => {
    fs.mkdirSync(path, { recursive: true })
    return WritableDirectory.open(path)
  }
  await runs({ open, model: (path) => fs.mkdirSync(path) }, 150)
})

test('WritableDirectory on a slow disk is as a plain directory after any operations', async () => {
  const open = (path: string): Promise<WritableTree> => {
    fs.mkdirSync(path, { recursive: true })
    return WritableDirectory.open(path, slowMedium())
  }
  await runs({ open, model: (path) => fs.mkdirSync(path) }, 50)
})

const overlay: Subject = {
  open: async (path) => OverlayTree.open(await openTarTree(TAR), 'key', path),
  model: (path) => void execFileSync('cp', ['-a', LOWER, path]),
}

test('OverlayTree is as a plain copy of the release after any operations [JS5]', () => runs(overlay, 80))

test('The kernel shows the same of an overlay as OverlayTree does [JS6]', { skip: !mountsOverlays() }, async () => {
  const check = async (path: string, model: string): Promise<void> => {
    const mounted = join(base, 'mounted')
    fs.mkdirSync(mounted, { recursive: true })
    const options = `lowerdir=${LOWER},upperdir=${path}/upper,workdir=${path}/work`
    execFileSync(MOUNT, ['-t', 'overlay', 'overlay', '-o', options, mounted])
    try {
      assert.deepEqual(describePlain(mounted), describePlain(model))
    } finally {
      execFileSync(UNMOUNT, [mounted])
    }
  }
  await runs({ ...overlay, check }, 40)
})

/** What the kernel's overlay makes of files with several names OverlayTree does better: here each has one. */
const SINGLE = join(base, 'single')
const SINGLE_TAR = join(base, 'single.tar')
fs.cpSync(LOWER, SINGLE, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
execFileSync('tar', ['--format=pax', '--numeric-owner', '-C', SINGLE, '-cf', SINGLE_TAR, '.'])

test('OverlayTree shows the same of an overlay as the kernel that has written it', {
  skip: !mountsOverlays(),
}, async () => {
  const mounted = join(base, 'written')
  fs.mkdirSync(mounted)
  const written = async (list: readonly Step[]): Promise<void> => {
    const path = join(base, String((count += 1)))
    for (const part of ['upper', 'work']) fs.mkdirSync(join(path, part), { recursive: true })
    const layers = `lowerdir=${SINGLE},upperdir=${path}/upper,workdir=${path}/work`
    const options = `${layers},index=off,metacopy=off,redirect_dir=off`
    execFileSync(MOUNT, ['-t', 'overlay', 'overlay', '-o', options, mounted])
    let wanted: unknown
    try {
      for (const step of list) attempt(() => onDirectory(step, mounted))
      wanted = await describeDirectory(mounted)
    } finally {
      execFileSync(UNMOUNT, [mounted])
    }
    await using tree = await OverlayTree.open(await openTarTree(SINGLE_TAR), 'key', path)
    assert.deepEqual(await describeTree(tree, attributeIn(tree)), wanted)
  }
  await fc.assert(fc.asyncProperty(allSteps, written), { numRuns: 40, seed: 7 })
})

/** What is refused is refused. */
function attempt(call: () => void): void {
  try {
    call()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
  }
}

/** Of each path its type, permissions and content, by the tools of the host. Links the kernel counts otherwise. */
function describePlain(path: string): string {
  const files = `find . -type f -printf '%p %m %U %s\\n' -exec sha256sum {} +`
  const script = `${files}; find . ! -type f ! -type l -printf '%p %y %m %U\\n' -o -type l -printf '%p %l %U\\n'`
  return String(execFileSync('sh', ['-c', script], { cwd: path }))
    .split('\n')
    .toSorted()
    .join('\n')
}

function mountsOverlays(): boolean {
  const [lower, upper, work, mounted] = ['l', 'u', 'w', 'm'].map((name) => join(base, 'probe', name))
  for (const path of [lower, upper, work, mounted]) fs.mkdirSync(path ?? '', { recursive: true })
  try {
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`
    execFileSync(MOUNT, ['-t', 'overlay', 'overlay', '-o', options, mounted ?? ''], { stdio: 'ignore' })
    execFileSync(UNMOUNT, [mounted ?? ''])
    return true
  } catch {
    return false
  }
}
