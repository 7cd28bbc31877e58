import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandError, run } from './run.ts'

test('run() returns what the program wrote', async () => {
  assert.equal((await run('cat', [], { input: 'hello' })).toString(), 'hello')
})

test('run() keeps the last words of a program that fails', async () => {
  await assert.rejects(run('sh', ['-c', 'echo no such thing >&2; exit 3']), (error) => {
    assert(error instanceof CommandError)
    assert.equal(error.status, 3)
    assert.match(error.message, /ended with status 3: no such thing$/)
    return true
  })
})

test('run() says which program could not be started', async () => {
  await assert.rejects(run('netroot-no-such-program', ['x']), /netroot-no-such-program x did not finish: .*ENOENT/)
})

test('run() kills the program when it is told to stop', async () => {
  await assert.rejects(run('sleep', ['60'], { signal: AbortSignal.timeout(50) }), CommandError)
})

test('run() tells every line of standard error as it comes', async () => {
  const lines: string[] = []
  await run('sh', ['-c', 'printf "a\\nb\\n" >&2'], { onStderrLine: (line) => lines.push(line) })
  assert.deepEqual(lines, ['a', 'b'])
})
