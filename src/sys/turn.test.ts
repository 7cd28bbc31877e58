import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextTurn, turnIsOver } from './turn.ts'

/** Works until its share is over; returns how many milliseconds that took. */
function work(): number {
  const began = performance.now()
  while (!turnIsOver());
  return performance.now() - began
}

test('turnIsOver() gives all who work in one turn one share together, and another in the next', async () => {
  await nextTurn()
  assert.ok(work() >= 2)
  assert.equal(turnIsOver(), true)
  const order: string[] = []
  const others = ['one', 'other'].map(async (name) => {
    await nextTurn()
    while (!turnIsOver());
    order.push(name)
    assert.equal(turnIsOver(), true)
  })
  await Promise.all(others)
  assert.deepEqual(order, ['one', 'other'])
  await nextTurn()
  assert.equal(turnIsOver(), false)
})
