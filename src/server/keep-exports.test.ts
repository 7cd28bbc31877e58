import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Boot } from '../fleet/boots-reader.ts'
import type { KeepEvent } from '../fleet/keep-events.ts'
import { usageOf } from '../image/keep-usage.ts'
import { Keeps } from '../image/keeps.ts'
import type { NfsExport } from '../protocols/nfs/export.ts'
import { isWritable } from '../storage/writable-tree.ts'
import { silent } from '../sys/log.ts'
import { byteStringFrom } from '../wire/bytestring.ts'
import { joinExports, KeepExports } from './keep-exports.ts'
import { Releases } from './releases.ts'
import { PC7, specimenStore } from './testing.ts'

const [ONE, OTHER] = ['6f1c0000-0000-0000-0000-000000000001', '6f1c0000-0000-0000-0000-000000000002']

async function opened(t: TestContext) {
  const { store, digest } = await specimenStore(t)
  const releases = new Releases(store)
  t.after(() => releases[Symbol.asyncDispose]())
  const keeps = new Keeps(store.directory)
  const addresses = new Map([
    ['aaaaaa', '10.0.0.7'],
    ['bbbbbb', '10.0.0.7'],
  ])
  const told: (readonly [string, Omit<KeepEvent, 'at'>])[] = []
  const tell = (boot: string, { at: _, ...event }: KeepEvent): void => void told.push([boot, event])
  const options = { keeps, releases, addressOf: (boot: string) => addresses.get(boot), log: silent, tell }
  const start = (): KeepExports => {
    const made = new KeepExports(options)
    t.after(() => made[Symbol.asyncDispose]())
    return made
  }
  return { store, digest, keeps, releases, start, made: start(), told }
}

function bootOf(id: string, uuid = ONE): Boot {
  return { id, machine: { mac: PC7, uuid }, name: 'pc7', phase: 'loader', beganAt: 0, lastAt: 0 }
}

async function write({ tree }: NfsExport, name: string, text: string): Promise<void> {
  if (!isWritable(tree)) return assert.fail('want a tree that can be written')
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, mode: 0o644 }
  const { node } = await tree.createFile(tree.root, name, owner, { kind: 'unchecked' })
  const file = await tree.open(node)
  await file.write(Buffer.from(text), 0)
  await file.close()
}

test('KeepExports gives a machine its own root, which no other address sees [FB56]', async (t) => {
  const { made, digest, keeps } = await opened(t)
  const path = await made.offer(bootOf('aaaaaa'), 'pc7', digest)
  assert.equal(path, '/keep/52-54-00-00-00-07/aaaaaa')
  const served = (await made.exports.byPath(path)) ?? assert.fail()
  assert.deepEqual(served.policy?.({ address: '::ffff:10.0.0.7', port: 700 })?.writes, true)
  assert.equal(served.policy?.({ address: '10.0.0.8', port: 700 }), undefined)
  await write(served, 'mine', 'text')
  assert.equal(await readFile(join(keeps.directoryOf(PC7), 'upper/mine'), 'utf8'), 'text')
  const { bytes, present, deleted } = await usageOf(keeps.directoryOf(PC7))
  assert.deepEqual([bytes > 0, present, deleted], [true, ['mine'], []])
  assert.deepEqual(await made.exports.paths(), ['/keep/52-54-00-00-00-07'], 'the boot is for him to know')
})

test('KeepExports opens what handles from before a restart name, and lets a later boot take over', async (t) => {
  const { made, digest, start, releases } = await opened(t)
  const served = (await made.exports.byPath(await made.offer(bootOf('aaaaaa'), 'pc7', digest))) ?? assert.fail()
  const key = byteStringFrom(served.key)
  await made[Symbol.asyncDispose]()
  const again = start()
  assert.equal((await joinExports(releases.exports, again.exports).byKey(key))?.path, served.path)
  const next = await again.offer(bootOf('bbbbbb'), 'renamed', digest)
  assert.ok(await again.exports.byKey(key), 'what is only offered takes nothing away')
  assert.ok(await again.exports.byPath(next))
  assert.equal(await again.exports.byKey(key), undefined)
  assert.equal(await again.exports.byPath(served.path), undefined, 'the earlier boot is over')
  assert.equal(await again.releaseOf(PC7), digest)
})

test('KeepExports refuses another machine of the same MAC address, until it is given', async (t) => {
  const { made, digest, keeps } = await opened(t)
  await made.exports.byPath(await made.offer(bootOf('aaaaaa'), 'pc7', digest))
  await assert.rejects(
    made.offer(bootOf('bbbbbb', OTHER), 'pc7', digest),
    /pc7 belongs to the machine with the UUID 6f1c.*-0+1, and this one.*netroot keep give/,
  )
  await keeps.note(PC7, { name: 'pc7', boot: 'aaaaaa' })
  assert.ok(await made.offer(bootOf('bbbbbb', OTHER), 'pc7', digest))
})

test('KeepExports knows nothing of boots that were offered nothing', async (t) => {
  const { made, digest } = await opened(t)
  assert.equal(await made.exports.byPath('/keep/52-54-00-00-00-07/aaaaaa'), undefined)
  await made.offer(bootOf('aaaaaa'), 'pc7', digest)
  for (const path of ['/keep', '/keep/52-54-00-00-00-07', '/keep/52-54-00-00-00-07/zzzzzz', '/keep/../aaaaaa']) {
    assert.equal(await made.exports.byPath(path), undefined, path)
  }
})

test('Keeps finds a machine by its name or address, and removes only what nobody has open', async (t) => {
  const { made, digest, keeps } = await opened(t)
  await assert.rejects(keeps.resolve('pc7'), /No machine "pc7" keeps changes in .*; there are: none/)
  const path = await made.offer(bootOf('aaaaaa'), 'pc7', digest)
  assert.equal((await keeps.resolve('pc7')).mac, PC7)
  assert.equal((await keeps.resolve(PC7)).release, digest)
  await made.exports.byPath(path)
  await made.release('aaaaaa', 'shutdown')
  await keeps.remove(await keeps.resolve('pc7'))
  assert.deepEqual(await keeps.all(), [])
})

test('KeepExports tells the boot what becomes of its directory: opened, moved, given, free', async (t) => {
  const { made, digest, keeps, told } = await opened(t)
  const first = (await made.exports.byPath(await made.offer(bootOf('aaaaaa'), 'pc7', digest))) ?? assert.fail()
  const open = { type: 'keep.opened', release: digest, isNew: false, isGiven: false }
  assert.deepEqual(told.splice(0), [['aaaaaa', { ...open, isNew: true }]])
  first.onRefusal?.('EXDEV') // nothing that anybody must know
  first.onRefusal?.('ENOSPC')
  first.onRefusal?.('ENOSPC')
  assert.deepEqual(told.splice(0), [['aaaaaa', { type: 'keep.full', isQuota: false }]])
  await made.releaseSilent('::ffff:10.0.0.8')
  await made.releaseSilent('::ffff:10.0.0.7')
  assert.deepEqual(told.splice(0), [['aaaaaa', { type: 'keep.freed', why: 'silent' }]])
  assert.ok(await made.exports.byKey(byteStringFrom(first.key)), 'a machine that comes back goes on')
  await made.release('aaaaaa', 'shutdown')
  told.splice(0)
  await keeps.note(PC7, { name: 'pc7', boot: 'aaaaaa', movedFrom: '0123' }) // as `netroot keep give` and `move` do
  await made.exports.byPath(await made.offer(bootOf('bbbbbb', OTHER), 'pc7', digest))
  assert.deepEqual(told.splice(0), [['bbbbbb', { ...open, isGiven: true, movedFrom: '0123' }]])
  assert.deepEqual((await keeps.resolve('pc7')).owner, { name: 'pc7', boot: 'bbbbbb', uuid: OTHER })
})

test('KeepExports tells the boot why its directory cannot be opened', async (t) => {
  const { made, digest, keeps, told } = await opened(t)
  const path = await made.offer(bootOf('aaaaaa'), 'pc7', digest)
  const stat = await readFile('/proc/1/stat', 'latin1')
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  await writeFile(join(keeps.directoryOf(PC7), 'owner'), `1 ${start}`) // another server has it
  await assert.rejects(async () => made.exports.byPath(path), /is in use by process 1: stop it first/)
  assert.deepEqual(
    told.map(([boot, { type }]) => [boot, type]),
    [['aaaaaa', 'keep.refused']],
  )
})
