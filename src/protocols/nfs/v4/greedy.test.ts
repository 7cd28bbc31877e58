import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { MemoryTree } from '../../../storage/memory-tree.ts'
import { WritableDirectory } from '../../../storage/writable-directory.ts'
import { READ_ONLY } from '../policy.ts'
import { OP } from './constants.ts'
import { Harness4, type Op, SessionClient, expectOk, openOp, putRoot, walk } from './harness.ts'
import { NFS4 } from './status.ts'

/* Clients that take as much as there is, and die: others go on meanwhile, and all is given back when their lease has ended. */

const base = fs.mkdtempSync(join(tmpdir(), 'netroot-greedy-'))
after(() => fs.rmSync(base, { recursive: true }))

const saveOp: Op = (w) => w.u32(OP.saveHandle)
const restoreOp: Op = (w) => w.u32(OP.restoreHandle)
/** What version 4.1 has instead of NFS4ERR_RESOURCE. */
const ENOUGH = NFS4.serverFault
const CURRENT = Buffer.from(`00000001${'00'.repeat(12)}`, 'hex')
const openFiles = (): number => fs.readdirSync('/proc/self/fd').length

test('a client that opens 100 000 files and dies holds few descriptors, stops nobody, and all is given back', async () => {
  const FILES = 33_000 // beyond that many it has nothing more
  for (let at = 0; at < FILES; at += 1) fs.writeFileSync(join(base, `f${at}`), '')
  fs.writeFileSync(join(base, 'others'), 'of another client')
  await using tree = await WritableDirectory.open(base)
  const policy = () => ({ ...READ_ONLY, writes: true, sync: false })
  const harness = await Harness4.open({ tree, policy })
  const greedy = await SessionClient.connect(harness, { name: 'greedy' })
  const before = openFiles()
  let opened = 0
  let status: number = NFS4.ok
  while (opened < 100_000 && status === NFS4.ok) {
    const readOp: Op = (w) => w.u32(OP.read).fixed(CURRENT).u64(0).u32(1)
    const three = Array.from({ length: 3 }, (_, at) => [
      openOp(`f${(opened + at) % FILES}`, { access: 3, owner: `process${Math.floor((opened + at) / FILES)}` }),
      readOp,
      restoreOp,
    ]).flat()
    const answer = await greedy.run([...walk(), saveOp, ...three])
    status = answer.status
    opened += Math.ceil((answer.count - 5) / 3)
  }
  assert.deepEqual([status, harness.keeper.states.count], [ENOUGH, 32_768])
  assert.ok(openFiles() - before < 600, `${openFiles() - before} descriptors are open`)
  const other = await SessionClient.connect(harness, { name: 'other' })
  assert.equal((await other.run([...walk(), openOp('others')])).status, NFS4.ok)
  harness.clock += 40_000
  assert.equal((await other.run([putRoot])).status, NFS4.ok)
  harness.clock += 40_000
  await harness.keeper.tick()
  assert.equal(harness.keeper.states.count, 1, "the other's")
  assert.equal((await greedy.run([putRoot])).status, NFS4.badSession)
})

test('a client that locks 100 000 pieces of its files is stopped at 32 768, keeps nobody off, and all is given back', async () => {
  const names = Array.from({ length: 25 }, (_, at) => `f${at}`)
  const tree = new MemoryTree(['.', ...names].map((path) => (path === '.' ? { path } : { path, content: 'x' })))
  const harness = await Harness4.open({ tree })
  const greedy = await SessionClient.connect(harness, { name: 'greedy' })
  const { states } = harness.keeper
  const outcomes = new Map<string, number>()
  for (const name of names) {
    const { status, results } = await greedy.run([...walk(), openOp(name)])
    assert.equal(status, NFS4.ok)
    for (const op of [OP.putRootHandle, OP.lookup, OP.lookup]) expectOk(results, op)
    const open = Buffer.from(expectOk(results, OP.open).fixed(16, 'stateid'))
    open.writeUInt32BE(0)
    for (let at = 0; at < 4000; at += 5) {
      const locks = Array.from({ length: 5 }, (_, more): Op => {
        return (w) => {
          w.u32(OP.lock).u32(1).bool(false)
          w.u64((at + more) * 10).u64(5)
          w.bool(true).u32(0).fixed(open).u32(0).u64(0).string('locker')
        }
      })
      const answer = await greedy.run([...walk(name), ...locks])
      const outcome = `${answer.status}`
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  }
  assert.deepEqual([...outcomes.keys()], ['0', String(ENOUGH)])
  assert.equal(states.ranges, 32_768)
  const other = await SessionClient.connect(harness, { name: 'other' })
  assert.equal((await other.run([...walk(), openOp('f1', { owner: 'o' })])).status, NFS4.ok)
  harness.clock += 61_000
  await harness.keeper.tick()
  assert.deepEqual([states.count, states.ranges], [1, 0], 'what the other has is no burden')
})
