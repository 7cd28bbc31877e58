import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readRange } from './range.ts'

const part = (start: number, end: number): unknown => ({ kind: 'part', start, end })
const whole = { kind: 'whole' }
const unsatisfiable = { kind: 'unsatisfiable' }

const cases: readonly (readonly [string | undefined, unknown])[] = [
  [undefined, whole],
  ['bytes=0-0', part(0, 1)],
  ['bytes=10-19', part(10, 20)],
  ['bytes=90-', part(90, 100)],
  ['bytes=90-1000', part(90, 100)],
  ['bytes=-10', part(90, 100)],
  ['bytes=-1000', part(0, 100)],
  ['Bytes = 5 - 6', part(5, 7)],
  ['bytes=100-', unsatisfiable],
  ['bytes=-0', unsatisfiable],
  ['bytes=5-4', whole],
  ['bytes=0-1,5-6', whole],
  ['bytes=-', whole],
  ['bytes=a-b', whole],
  ['lines=1-2', whole],
  ['', whole],
]
for (const [header, wanted] of cases) {
  test(`readRange() of 100 bytes takes ${JSON.stringify(header)}`, () => {
    assert.deepEqual(readRange(header, 100), wanted)
  })
}

test('readRange() finds nothing to send in an empty file', () => {
  for (const header of ['bytes=0-', 'bytes=-1', 'bytes=0-0']) assert.deepEqual(readRange(header, 0), unsatisfiable)
})

test('readRange() never leaves the file', () => {
  const header = fc.tuple(fc.option(fc.nat()), fc.option(fc.nat())).map(([a, b]) => `bytes=${a ?? ''}-${b ?? ''}`)
  fc.assert(
    fc.property(header, fc.nat({ max: 1000 }), (text, size) => {
      const wish = readRange(text, size)
      if (wish.kind === 'part') assert.ok(0 <= wish.start && wish.start < wish.end && wish.end <= size)
    }),
  )
})
