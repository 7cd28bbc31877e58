import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type NodeId, StaleNodeError } from './file-tree.ts'
import { TreeError } from './writable-tree.ts'
import { WritableDirectory } from './writable-directory.ts'

const base = fs.mkdtempSync(join(tmpdir(), 'netroot-race-'))
after(() => fs.rmSync(base, { recursive: true }))

const OWNER = { mode: 0o755, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const SECRET = 'of the host'
/** However busy the host is. */
const FEWEST_ROUNDS = 20
const MILLISECONDS = 1500

/** Puts a symlink to the outside where a directory and where a file was, and back, as fast as it can. */
const RACER = `
  const fs = require('node:fs')
  const { workerData: { inside, outside } } = require('node:worker_threads')
  const swap = (name, target) => {
    try { fs.renameSync(inside + '/' + name, inside + '/.' + name); fs.symlinkSync(target, inside + '/' + name) } catch {}
    try { fs.unlinkSync(inside + '/' + name); fs.renameSync(inside + '/.' + name, inside + '/' + name) } catch {}
  }
  for (;;) { swap('directory', outside); swap('file', outside + '/secret') }
`

/** Does what a client may do, and hides what it was refused. */
async function attack(tree: WritableDirectory, directory: NodeId, file: NodeId, round: number): Promise<string> {
  const name = `n${round % 7}`
  const attempts: (() => unknown)[] = [
    () => tree.createFile(directory, name, OWNER, { kind: 'unchecked' }),
    () => tree.makeDirectory(directory, `d${name}`, OWNER),
    () => tree.rename(directory, name, tree.root, 'fetched'),
    () => tree.unlink(directory, 'secret'),
    () => tree.link(file, directory, `l${name}`),
    () => tree.unlink(directory, `l${name}`),
    () => tree.setAttributes(file, { mode: 0o666, size: 3 }),
    () => tree.removeDirectory(directory, `d${name}`),
  ]
  for (const attempt of attempts) await unlessRefused(attempt)
  const text = await unlessRefused(async () => {
    const opened = await tree.open((await tree.lookup(tree.root, 'file')) ?? file)
    const target = Buffer.alloc(50)
    await opened.write(Buffer.from('mine'), 0)
    const length = await opened.read(target, 0)
    await opened.close()
    return target.toString('latin1', 0, length)
  })
  return `${text ?? ''}${(await unlessRefused(() => tree.list(directory)))?.map((entry) => entry.name).join(' ') ?? ''}`
}

async function unlessRefused<T>(call: () => T): Promise<Awaited<T> | undefined> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof TreeError || error instanceof StaleNodeError) return undefined
    throw error
  }
}

test('WritableDirectory stays inside while another thread swaps directories and files for symlinks', async () => {
  const [inside, outside] = [join(base, 'inside'), join(base, 'outside')]
  for (const path of [inside, outside, join(inside, 'directory')]) fs.mkdirSync(path)
  fs.writeFileSync(join(outside, 'secret'), SECRET, { mode: 0o600 })
  fs.writeFileSync(join(inside, 'file'), 'mine')
  const tree = await WritableDirectory.open(inside)
  const directory = (await tree.lookup(tree.root, 'directory')) ?? assert.fail()
  const file = (await tree.lookup(tree.root, 'file')) ?? assert.fail()
  await tree.close()
  const racer = new Worker(RACER, { eval: true, workerData: { inside, outside } })
  const until = performance.now() + MILLISECONDS
  for (let rounds = 0; rounds < FEWEST_ROUNDS || performance.now() < until; rounds += 1) {
    await using anew = await WritableDirectory.open(inside) // with nothing held open yet
    await unlessRefused(() => anew.lookup(anew.root, 'directory'))
    const seen = await attack(anew, directory, file, rounds)
    assert.ok(!seen.includes('of the host') && !seen.includes('secret'), seen)
    await setImmediate()
  }
  await racer.terminate()
  assert.deepEqual(fs.readdirSync(outside), ['secret'])
  assert.equal(fs.readFileSync(join(outside, 'secret'), 'utf8'), SECRET)
  assert.equal(fs.statSync(join(outside, 'secret')).mode & 0o777, 0o600)
})
