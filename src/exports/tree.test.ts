import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ExportTree, type TreeResult } from './tree.ts'

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'netroot-tree-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

async function write(into: string, files: Readonly<Record<string, string>>, isForced = false): Promise<TreeResult> {
  const tree = await ExportTree.open(into, isForced)
  for (const [path, content] of Object.entries(files)) await tree.write(path, content)
  return tree.finish()
}

test('ExportTree writes files once, then what has changed, and removes what is wanted no more', async (t) => {
  const into = join(await directory(t), 'made', 'here')
  assert.deepEqual(await write(into, { loader: 'l', '10.0.0.7/vmlinuz': 'k', '10.0.0.8/vmlinuz': 'k' }), {
    written: ['loader', '10.0.0.7/vmlinuz', '10.0.0.8/vmlinuz'],
    same: [],
    removed: [],
  })
  assert.deepEqual(await write(into, { loader: 'l', '10.0.0.7/vmlinuz': 'newer' }), {
    written: ['10.0.0.7/vmlinuz'],
    same: ['loader'],
    removed: ['10.0.0.8/vmlinuz'],
  })
  assert.deepEqual((await readdir(into)).toSorted(), ['10.0.0.7', 'loader', 'netroot-export.sha256'])
  assert.equal(await readFile(join(into, '10.0.0.7/vmlinuz'), 'utf8'), 'newer')
})

test('ExportTree refuses files of others and files that somebody has changed, unless it is forced', async (t) => {
  const into = await directory(t)
  await writeFile(join(into, 'loader'), 'theirs')
  await assert.rejects(write(into, { loader: 'ours' }), /loader: it was not made by netroot\. Look at it, .* --force$/)
  await write(into, { loader: 'ours' }, true)
  await writeFile(join(into, 'loader'), 'mended')
  await assert.rejects(write(into, { loader: 'newer' }), /loader: it was changed by hand since it was made/)
  assert.equal(await readFile(join(into, 'loader'), 'utf8'), 'mended')
  assert.deepEqual((await write(into, {})).removed, [], 'what was changed is not removed either')
})

test('ExportTree knows its files after it was killed in between', async (t) => {
  const into = await directory(t)
  await write(into, { a: '1', b: '1' })
  const killed = await ExportTree.open(into, false)
  await killed.write('a', '2')
  assert.deepEqual(await write(into, { a: '3', b: '3' }), { written: ['a', 'b'], same: [], removed: [] })
})

test('ExportTree is not led out of its directory by a manifest', async (t) => {
  const outer = await directory(t)
  const into = join(outer, 'into')
  await mkdir(into)
  await writeFile(join(outer, 'precious'), '')
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  await writeFile(join(into, 'netroot-export.sha256'), `${empty}  ../precious\n`)
  assert.deepEqual((await write(into, {})).removed, [])
  assert.deepEqual(await readdir(outer), ['into', 'precious'])
})
