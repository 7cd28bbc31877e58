import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { memorySource } from '../../storage/byte-source.ts'
import { netasciiSource, toNetascii } from './netascii.ts'

const never = new AbortController().signal

/** Reads a source in pieces of `step` bytes. */
async function readAll(bytes: Uint8Array, step: number): Promise<Buffer> {
  const source = await netasciiSource(memorySource(bytes), never)
  const result = Buffer.alloc(source.size)
  for (let at = 0; at < source.size; at += step) await source.read(result.subarray(at, at + step), at)
  return result
}

test('toNetascii() writes CR LF for a line end and CR NUL for a CR', () => {
  assert.equal(Buffer.from(toNetascii(Buffer.from('a\nb\r\nc'))).toString(), 'a\r\nb\r\0\r\nc')
})

test('netasciiSource() gives the same bytes in pieces as the translation of the whole', async () => {
  const bytes = fc.array(fc.constantFrom(10, 13, 65), { maxLength: 300 }).map((values) => Uint8Array.from(values))
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 40 }), async (text, step) => {
      assert.deepEqual(await readAll(text, step), Buffer.from(toNetascii(text)))
    }),
  )
})

test('netasciiSource() reads on over the places it remembers', async () => {
  const text = Buffer.from('line\n'.repeat(40_000)) // 200 000 bytes: three strides and a part
  assert.deepEqual(await readAll(text, 512), Buffer.from(toNetascii(text)))
})

test('netasciiSource() stops reading when it is aborted', async () => {
  const signal = AbortSignal.abort(new Error('enough'))
  await assert.rejects(netasciiSource(memorySource(Buffer.from('x')), signal), { name: 'AbortError' })
})
