import assert from 'node:assert/strict'
import { mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DirectoryFiles } from './directory-files.ts'
import { OpenFiles, type SharedFile } from './open-files.ts'

async function served(t: TestContext): Promise<{ files: OpenFiles; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'netroot-open-'))
  t.after(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, 'one'), 'one')
  return { directory, files: new OpenFiles(await DirectoryFiles.open(directory), directory) }
}

async function textOf({ source }: SharedFile): Promise<string> {
  const bytes = Buffer.alloc(source.size)
  await source.read(bytes, 0)
  await source.close()
  return bytes.toString()
}

async function openFiles(directory: string): Promise<number> {
  const all = await readdir('/proc/self/fd')
  const { readlink } = await import('node:fs/promises')
  const targets = await Promise.all(all.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return targets.filter((target) => target.startsWith(directory)).length
}

test('OpenFiles opens a file once for several readers, and closes it a moment after the last', async (t) => {
  const { files, directory } = await served(t)
  const first = await files.openFile('one')
  const second = files.openFile('one')
  assert.ok(!(second instanceof Promise), 'at once')
  assert.equal(await openFiles(directory), 1)
  await first.source.close()
  await first.source.close()
  assert.equal(await textOf(second), 'one')
  await sleep(1700)
  assert.equal(await openFiles(directory), 0)
})

test('OpenFiles sees that a file was changed, replaced or removed, and that a link leads elsewhere', async (t) => {
  const { files, directory } = await served(t)
  await symlink('one', join(directory, 'link'))
  const before = [await files.openFile('one'), await files.openFile('link')]
  await writeFile(join(directory, 'two'), 'two')
  await symlink('two', join(directory, 'next'))
  await rename(join(directory, 'next'), join(directory, 'link'))
  assert.equal(await textOf(await files.openFile('link')), 'two')
  await writeFile(join(directory, 'one'), 'three')
  assert.equal(await textOf(await files.openFile('one')), 'three')
  await rm(join(directory, 'one'))
  await assert.rejects(async () => files.openFile('one'), /File not found: one/)
  for (const { source } of before) await source.close()
})

test('OpenFiles gives what lies outside to nobody, the second time either', async (t) => {
  const { files, directory } = await served(t)
  await symlink('/etc/passwd', join(directory, 'outside'))
  for (const name of ['outside', 'outside', '../../etc/passwd']) {
    await assert.rejects(async () => files.openFile(name), /leads out of the served directory/)
  }
})
