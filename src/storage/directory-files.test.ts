import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { run } from '../sys/run.ts'
import { DirectoryFiles } from './directory-files.ts'

const base = await mkdtemp(join(tmpdir(), 'netroot-files-'))
after(() => rm(base, { recursive: true }))
const root = join(base, 'served')
await mkdir(join(root, 'boot/deep'), { recursive: true })
await mkdir(join(base, 'served-not'))
await writeFile(join(root, 'boot/kernel'), 'kernel')
await writeFile(join(base, 'secret'), 'secret')
await writeFile(join(base, 'served-not/secret'), 'secret')
await symlink('kernel', join(root, 'boot/link'))
await symlink(join(root, 'boot'), join(root, 'inside'))
await symlink('../secret', join(root, 'outside'))
await symlink('..', join(root, 'up'))
await symlink('../served-not', join(root, 'sibling'))
await symlink('loop', join(root, 'loop'))
await run('mkfifo', [join(root, 'fifo')])
const files = await DirectoryFiles.open(root)

for (const name of [
  'boot/kernel',
  '/boot/kernel',
  '//boot//./kernel',
  '\\boot\\kernel',
  'boot/deep/../kernel',
  'boot/link',
  'inside/kernel',
]) {
  test(`openFile() opens ${name}`, async () => {
    const file = await files.openFile(name)
    assert.equal(file.source.size, 6)
    assert.equal(file.name, 'boot/kernel')
    await file.source.close()
  })
}

const refused: readonly (readonly [string, string, RegExp])[] = [
  ['nothing', 'missing', /^File not found: nothing$/],
  ['boot/kernel/x', 'missing', /^File not found/],
  ['x'.repeat(300), 'missing', /^File not found: x{99}…$/],
  ['../secret', 'forbidden', /it leads out of the served directory/],
  ['../../etc/passwd', 'forbidden', /it leads out of the served directory/],
  ['..\\secret', 'forbidden', /it leads out of the served directory/],
  ['boot/../../secret', 'forbidden', /it leads out of the served directory/],
  ['../served-not/secret', 'forbidden', /it leads out of the served directory/],
  ['/etc/passwd', 'missing', /^File not found: \/etc\/passwd$/],
  ['outside', 'forbidden', /it leads out of the served directory/],
  ['up', 'forbidden', /it leads out of the served directory/],
  ['up/secret', 'forbidden', /it leads out of the served directory/],
  ['sibling/secret', 'forbidden', /it leads out of the served directory/],
  ['loop', 'forbidden', /symbolic links in a circle/],
  ['boot', 'forbidden', /it is a directory/],
  ['', 'forbidden', /it is a directory/],
  ['/', 'forbidden', /it is a directory/],
  ['fifo', 'forbidden', /it is not a regular file/],
  ['boot/kernel\0.efi', 'invalid', /its name has a NUL in it/],
  ['x'.repeat(10_000), 'invalid', /its name has 10000 characters, want at most 4096/],
]
for (const [name, reason, message] of refused) {
  test(`openFile() refuses ${JSON.stringify(name.slice(0, 40))}: ${reason}`, async () => {
    await assert.rejects(files.openFile(name), (error: Error & { reason: string }) => {
      assert.equal(error.reason, reason)
      assert.match(error.message, message)
      assert.ok(!error.message.includes(base), 'it does not tell where we are')
      return true
    })
  })
}

test('openFile() gives nothing from outside while a directory and a link out take turns', async () => {
  const [place, inside, link] = [join(root, 'turns'), join(base, 'inside'), join(base, 'link')]
  await mkdir(inside)
  await writeFile(join(inside, 'secret'), 'public')
  await symlink(join(base, 'served-not'), link)
  const found = Buffer.alloc(6)
  for (let round = 0; round < 400; round += 1) {
    const [now, then] = round % 2 === 0 ? [inside, link] : [link, inside]
    renameSync(now, place)
    const opening = files.openFile('turns/secret').catch(() => undefined) // refused, or not there for a moment
    for (let turn = 0; turn < round % 9; turn += 1) await setImmediate()
    renameSync(place, now)
    renameSync(then, place)
    const file = await opening
    if (file !== undefined) assert.equal(found.toString('utf8', 0, await file.source.read(found, 0)), 'public')
    await file?.source.close()
    renameSync(place, then)
  }
})

test('openFile() keeps control characters of a name out of its words', async () => {
  await assert.rejects(files.openFile('a\u001b[2Jb\n'), /^FileRefusal: File not found: a\?\[2Jb\?$/)
})

test('openFile() gives another version when the file was written again', async () => {
  const path = join(root, 'changing')
  await writeFile(path, 'one')
  const one = await files.openFile('changing')
  await writeFile(path, 'two')
  const two = await files.openFile('changing')
  assert.notEqual(one.version, two.version)
  await Promise.all([one.source.close(), two.source.close()])
})

test('DirectoryFiles.open() refuses what is no directory', async () => {
  await assert.rejects(DirectoryFiles.open(join(base, 'none')), /no such directory/)
  await assert.rejects(DirectoryFiles.open(join(base, 'secret')), /it is a file, want a directory/)
})
