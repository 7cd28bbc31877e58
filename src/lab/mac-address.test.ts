import assert from 'node:assert/strict'
import { test } from 'node:test'
import { macOf, uuidOf } from './mac-address.ts'

test('macOf() is the same for a name at every start, and differs between names and cards', () => {
  assert.equal(macOf('pc1', 0), '52:54:00:39:00:c0')
  const all = ['pc1', 'pc2', 'pc3'].flatMap((name) => [0, 1, 2].map((card) => macOf(name, card)))
  assert.equal(new Set(all).size, 9)
  for (const mac of all) assert.match(mac, /^52:54:00(:[0-9a-f]{2}){3}$/)
})

test('uuidOf() is a UUID of version 8 made from the name', () => {
  assert.match(uuidOf('pc1'), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(uuidOf('pc1'), uuidOf('pc1'))
  assert.notEqual(uuidOf('pc1'), uuidOf('pc2'))
})
