import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { RecordsDirectory } from './records-directory.ts'

test('RecordsDirectory keeps records across a restart, whatever bytes name the client, and skips what is damaged', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'netroot-records-'))
  t.after(() => rm(parent, { recursive: true }))
  const directory = join(parent, 'clients')
  const first = new RecordsDirectory(directory)
  assert.deepEqual(await first.load(), [])
  await first.put({ owner: 'Linux NFSv4.2 pc1', exclusive: false })
  await first.put({ owner: '../\0\xff', exclusive: false })
  await first.put({ owner: '../\0\xff', exclusive: true })
  await writeFile(join(directory, 'torn.json'), '{"owner":"4')
  await writeFile(join(directory, 'strange.json'), '{"owner":7}')
  await writeFile(join(directory, 'half.tmp'), 'x')
  const again = new RecordsDirectory(directory)
  const byOwner = [...(await again.load())].sort((one, other) => (one.owner < other.owner ? -1 : 1))
  assert.deepEqual(byOwner, [
    { owner: '../\0\xff', exclusive: true },
    { owner: 'Linux NFSv4.2 pc1', exclusive: false },
  ])
  await again.remove('../\0\xff')
  await again.remove('never there')
  assert.equal((await again.load()).length, 1)
  assert.deepEqual(await readdir(parent), ['clients'])
})

test('scope() is the same for all servers of one directory, also where several start for the first time', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'netroot-scope-'))
  t.after(() => rm(parent, { recursive: true }))
  const scopes = Array.from({ length: 8 }, () => new RecordsDirectory(join(parent, 'shared')).scope())
  const [first, ...others] = await Promise.all(scopes)
  assert.match(first ?? '', /^[0-9a-f-]{36}$/)
  assert.deepEqual(
    others,
    others.map(() => first),
  )
  assert.equal(await new RecordsDirectory(join(parent, 'shared')).scope(), first)
  assert.deepEqual(await readdir(join(parent, 'shared')), ['server-scope'])
  assert.deepEqual(await new RecordsDirectory(join(parent, 'shared')).load(), [])
  assert.notEqual(await new RecordsDirectory(join(parent, 'another')).scope(), first)
})
