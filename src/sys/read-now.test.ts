import assert from 'node:assert/strict'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadLibc } from './libc.ts'
import { readNow } from './read-now.ts'
import { run } from './run.ts'

/** A file of a mebibyte that nobody has read since it was written, as far as the file system can forget. */
async function coldFile(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'netroot-cold-'))
  t.after(() => rm(directory, { recursive: true }))
  const path = join(directory, 'cold')
  await writeFile(path, Buffer.alloc(2 ** 20, 7))
  await run('dd', [`of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0', 'status=none'])
  return path
}

test('readNow() reads what is in memory, and waits for nothing that is not', async (t) => {
  const libc = await loadLibc()
  const file = await open(await coldFile(t))
  t.after(() => file.close())
  const bytes = Buffer.alloc(2 ** 17)
  const cold = readNow(file.fd, bytes, 0)
  if (libc === undefined || cold === undefined || cold === bytes.byteLength) {
    return t.diagnostic('this file system, or this Node, cannot tell')
  }
  assert.equal(cold, 'waits')
  await file.read(bytes, 0, bytes.byteLength, 0)
  bytes.fill(0)
  assert.equal(readNow(file.fd, bytes.subarray(1, 11), 0), 10)
  assert.deepEqual([...bytes.subarray(0, 12)], [0, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0])
  assert.equal(readNow(file.fd, bytes, 2 ** 20), 0)
})

test('readNow() cannot tell of a descriptor that is none', async () => {
  await loadLibc()
  assert.equal(readNow(-1, Buffer.alloc(10), 0), undefined)
})
