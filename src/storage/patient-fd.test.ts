import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadLibc } from '../sys/libc.ts'
import { PatientFd } from './patient-fd.ts'

const base = mkdtempSync(join(tmpdir(), 'netroot-patient-'))
after(() => rmSync(base, { recursive: true }))
const CONTENT = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 31 + (at >> 9)) & 0xff))
const path = join(base, 'file')
writeFileSync(path, CONTENT)
execFileSync('sync', [path]) // only clean pages can be dropped

/** Makes the page cache forget the file. */
function forget(): void {
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' })
}

test('PatientFd reads any part, from the page cache and from the medium', async () => {
  await loadLibc()
  const file = new PatientFd(openSync(path, 'r'))
  for (const [position, length] of [
    [0, 1],
    [10, 4096],
    [100, 1_048_576],
    [2_999_999, 65_536],
    [3_000_000, 10],
    [5_000_000, 20_000],
  ] as const) {
    for (const cold of [false, true]) {
      if (cold) forget()
      const target = Buffer.alloc(length)
      const count = await file.read(target, position)
      assert.ok(
        target.subarray(0, count).equals(CONTENT.subarray(position, position + length)),
        `${length} at ${position}`,
      )
    }
  }
  await file.close()
})

test('PatientFd leaves a read of what is not in memory to the thread pool', async (t) => {
  if ((await loadLibc()) === undefined) return t.diagnostic('the C library cannot be called here')
  const file = new PatientFd(openSync(path, 'r'))
  const target = Buffer.alloc(1_048_576)
  // a page may just be busy, on a loaded host; what is in memory is read at once sooner or later
  let atOnce = false
  for (let tries = 0; tries < 50 && !atOnce; tries++) {
    const read = file.read(target, 0)
    atOnce = typeof read === 'number'
    await read
  }
  assert.ok(atOnce)
  forget()
  const reading = file.read(target, 0)
  if (typeof reading === 'number') return t.diagnostic('this file system keeps everything in memory')
  await file.close() // waits for the read
  assert.equal(await reading, 1_048_576)
  assert.throws(() => file.read(target, 0), /file that was closed/)
})

test('PatientFd tries nothing at once where the medium is known to be needed', async () => {
  let tries = 0
  const file = new PatientFd(openSync(path, 'r'), () => {
    tries += 1
    return 'waits'
  })
  const target = Buffer.alloc(4096)
  assert.equal(await file.read(target, 100, true), 4096)
  assert.ok(target.equals(CONTENT.subarray(100, 4196)))
  assert.equal(tries, 0)
  await file.close()
})
