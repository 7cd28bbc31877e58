import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeLabDirectory } from './directory.ts'
import { ownIdentity, startTimeOf } from './process-table.ts'

test('makeLabDirectory() removes what dead owners left, and nothing else', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'netroot-test-'))
  t.after(() => rm(parent, { recursive: true, force: true }))
  const { namespace, pid, startTime } = await ownIdentity()
  const dead = [`netroot-lab-${namespace}-4194303-1-aaaaaa`, `netroot-lab-${namespace}-${pid}-${startTime}1-bbbbbb`]
  const kept = [
    `netroot-lab-${namespace}-${pid}-${startTime}-cccccc`,
    'netroot-lab-1-4194303-1-dddddd',
    'netroot-lab-x',
  ]
  for (const name of [...dead, ...kept]) await mkdir(join(parent, name, 'inside'), { recursive: true })
  const made = await makeLabDirectory(parent)
  assert.deepEqual(
    (await readdir(parent)).map((name) => join(parent, name)).sort(),
    [...kept.map((name) => join(parent, name)), made].sort(),
  )
  assert.equal((await stat(made)).mode & 0o777, 0o700)
})

test('startTimeOf() knows this process and no dead one', async () => {
  assert.match((await startTimeOf(process.pid)) ?? '', /^\d+$/)
  assert.equal(await startTimeOf(4_194_304), undefined)
})
