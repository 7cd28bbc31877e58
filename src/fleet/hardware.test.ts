import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { HardwareBook } from './hardware.ts'

const PC7 = '52:54:00:00:00:07'
const E1000 = 'pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00'
const BRIDGE = 'pci:v00001B36d0000000Csv00001B36sd0000000Cbc06sc04i00'
const VIRTIO = 'virtio:d00000001v00001AF4'

function openBook(t: TestContext, mostMachines?: number): HardwareBook {
  const database = new DatabaseSync(':memory:')
  t.after(() => database.close())
  return new HardwareBook(database, mostMachines)
}

function card(name: string, ...modaliases: string[]) {
  return { interface: name, mac: PC7, driver: 'd', busId: 'b', ...(modaliases.length === 0 ? {} : { modaliases }) }
}

test('HardwareBook remembers the cards of a machine and the devices that no driver took', (t) => {
  const book = openBook(t)
  book.learn(PC7, {
    at: 1,
    cards: [card('eth0', VIRTIO, BRIDGE)],
    missing: [{ busId: '0000:00:04.0', modalias: E1000 }],
  })
  assert.deepEqual(book.devicesOf(PC7), [E1000, VIRTIO])
  assert.deepEqual(book.devicesOf('52:54:00:00:00:08'), [])
})

test('HardwareBook puts what a machine reports now in place of what it had before', (t) => {
  const book = openBook(t)
  book.learn(PC7, { at: 1, cards: [card('eth0', VIRTIO)], missing: [] })
  book.learn(PC7, { at: 2, cards: [card('eth0', E1000)], missing: [] })
  assert.deepEqual(book.devicesOf(PC7), [E1000])
  book.learn(PC7, { at: 3, cards: [card('eth0')], missing: [] }) // an older initramfs names no modalias
  assert.deepEqual(book.devicesOf(PC7), [E1000])
})

test('HardwareBook takes nothing for a device that is none, and no more of them than a machine has', (t) => {
  const book = openBook(t)
  const many = Array.from({ length: 100 }, (_, at) =>
    card(`eth${at}`, `pci:v00008086d0000${1000 + at}sv0sd0bc02sc00i00`),
  )
  book.learn(PC7, { at: 1, cards: [...many, card('x', 'rm -rf /'), card('y', 'pci:*'), card('z', '')], missing: [] })
  assert.equal(book.devicesOf(PC7).length, 32)
  assert.ok(book.devicesOf(PC7).every((one) => one.startsWith('pci:v00008086')))
})

test('HardwareBook forgets the machine that has not been heard of for longest', (t) => {
  const book = openBook(t, 2)
  for (const [at, mac] of ['a', 'b', 'c'].entries()) book.learn(mac, { at, cards: [card('eth0', E1000)], missing: [] })
  assert.deepEqual(
    ['a', 'b', 'c'].map((mac) => book.devicesOf(mac).length),
    [0, 1, 1],
  )
})
