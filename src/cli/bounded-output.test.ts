import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { BoundedOutput } from './bounded-output.ts'

test('BoundedOutput leaves out lines that nobody reads, and says how many', () => {
  const written: string[] = []
  const stream = { writableLength: 0, write: (text: string) => written.push(text) > 0 }
  const output = new BoundedOutput(stream, (lines) => `(${lines} left out)\n`, 10)
  output.line('one\n')
  stream.writableLength = 8
  output.line('two\n')
  output.line('three\n')
  stream.writableLength = 0
  output.line('four\n')
  output.line('')
  assert.deepEqual(written, ['one\n', '(2 left out)\n', 'four\n'])
})

/** Writes far more than a terminal holds, and notes in a file that it came through, and that it could end. */
const WRITER = `
import { appendFileSync } from 'node:fs'
import { BoundedOutput, leave, neverBlock } from ${JSON.stringify(import.meta.resolve('./bounded-output.ts'))}
neverBlock(process.stdout)
const output = new BoundedOutput(process.stdout, (lines) => '(' + lines + ' left out)')
for (let at = 0; at < 100_000; at += 1) output.line('line ' + at + ' '.repeat(40))
appendFileSync(process.env.NOTES, 'goes on')
process.on('exit', () => appendFileSync(process.env.NOTES, ', has ended'))
await leave(process.stdout)
`

test('a terminal that stands still stops nobody who writes by BoundedOutput, nor keeps him from ending', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'netroot-output-'))
  const notes = join(directory, 'notes')
  writeFileSync(notes, '')
  const program = '"$NODE" --input-type=module --eval "$WRITER"'
  // script(1) makes the terminal; it reads no further when its own reader, sleep, reads nothing
  const child = spawn('sh', ['-c', `script -q -c '${program}' /dev/null | sleep 60`], {
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, NODE: process.execPath, WRITER, NOTES: notes },
  })
  t.after(() => {
    process.kill(-(child.pid ?? 0), 'SIGKILL')
    rmSync(directory, { recursive: true })
  })
  for (const end = performance.now() + 20_000; performance.now() < end; await sleep(50)) {
    if (readFileSync(notes, 'utf8').includes('ended')) break
  }
  assert.equal(readFileSync(notes, 'utf8'), 'goes on, has ended')
})
