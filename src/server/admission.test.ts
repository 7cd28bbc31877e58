import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admission, type Turn, turnWords } from './admission.ts'

const waits = (place: number, waiting: number, retrySeconds: number): Turn => {
  return { admitted: false, place, waiting, retrySeconds }
}
const GO: Turn = { admitted: true }

test('Admission admits so many, and tells the others their place, the first first', () => {
  const admission = new Admission({ atOnce: 2 })
  assert.deepEqual(
    ['a', 'b'].map((machine) => admission.ask(machine, 0)),
    [GO, GO],
  )
  assert.deepEqual(admission.ask('c', 0), waits(1, 1, 5))
  assert.deepEqual(admission.ask('d', 0), waits(2, 2, 10))
  assert.deepEqual(admission.ask('c', 1), waits(1, 2, 5))
  admission.done('a', 1000)
  assert.equal(admission.ask('d', 2000).admitted, false, 'c was first')
  assert.deepEqual(admission.ask('c', 2001), GO)
  admission.done('b', 2001)
  assert.deepEqual(admission.ask('d', 2002), GO)
})

test('Admission lets a machine that was admitted ask again', () => {
  const admission = new Admission({ atOnce: 1 })
  assert.deepEqual([admission.ask('a', 0), admission.ask('a', 60_000)], [GO, GO])
})

test('Admission forgets a machine that fetches nothing any more, and one that does not ask again', () => {
  const admission = new Admission({ atOnce: 1 })
  admission.ask('a', 0)
  admission.ask('b', 0)
  admission.ask('c', 50_000)
  assert.equal(admission.waiting, 1, 'b was switched off')
  assert.equal(admission.ask('c', 89_999).admitted, false)
  assert.deepEqual(admission.ask('c', 90_000), GO)
})

test('Admission holds the place of a machine of which something is heard', () => {
  const admission = new Admission({ atOnce: 1 })
  admission.ask('a', 0)
  admission.heard('a', 80_000)
  assert.equal(admission.ask('b', 100_000).admitted, false)
})

test('Admission has machines ask again sooner when fetching is quick, and never less than every 15 s', () => {
  const admission = new Admission({ atOnce: 1 })
  for (let count = 0; count < 100; count += 1) {
    admission.ask('a', count)
    admission.done('a', count + 1)
  }
  admission.ask('a', 0)
  assert.deepEqual(admission.ask('b', 0), waits(1, 1, 2))
  const slow = new Admission({ atOnce: 1 })
  for (let machine = 0; machine < 40; machine += 1) slow.ask(`${machine}`, 0)
  assert.deepEqual(slow.ask('last', 0), waits(40, 40, 15))
})

test('Admission serves a thousand machines that power on together, each once, in their order', () => {
  const admission = new Admission({ atOnce: 50 })
  const machines = Array.from({ length: 1000 }, (_, index) => ({ name: `${index}`, at: 0, admittedAt: -1 }))
  for (let now = 0; machines.some(({ admittedAt }) => admittedAt < 0); now += 500) {
    assert.ok(now < 1_000_000, 'all are served')
    for (const machine of machines) {
      if (machine.admittedAt >= 0 && now === machine.admittedAt + 3000) admission.done(machine.name, now)
      if (machine.admittedAt >= 0 || now < machine.at) continue
      const turn = admission.ask(machine.name, now)
      if (turn.admitted) machine.admittedAt = now
      else machine.at = now + turn.retrySeconds * 1000
    }
    assert.ok(admission.fetching <= 50)
  }
  const last = Math.max(...machines.map(({ admittedAt }) => admittedAt))
  assert.ok(last < 3 * 20 * 3000, `${last} ms; all the time fetching would be 57000`)
})

test('turnWords() tells a person the place', () => {
  assert.equal(
    turnWords(waits(17, 940, 5) as Extract<Turn, { admitted: false }>),
    'place 17 of 940 in the queue for kernel and initramfs',
  )
})
