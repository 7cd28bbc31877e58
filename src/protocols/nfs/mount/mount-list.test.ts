import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MountList } from './mount-list.ts'

const linesOf = (list: MountList): string[] => [...list].map(({ address, path }) => `${address}:${path}`)

test('MountList has what was mounted once, until it is unmounted', () => {
  const list = new MountList()
  for (const path of ['/a', '/b', '/a']) list.add('10.0.0.1', path)
  list.add('10.0.0.2', '/a')
  assert.deepEqual(linesOf(list), ['10.0.0.1:/b', '10.0.0.1:/a', '10.0.0.2:/a'])
  list.remove('10.0.0.2', '/a')
  list.remove('10.0.0.2', '/a')
  list.remove('10.0.0.1', '/b')
  assert.deepEqual(linesOf(list), ['10.0.0.1:/a'])
  list.removeAll('10.0.0.1')
  list.removeAll('10.0.0.1')
  assert.deepEqual(linesOf(list), [])
})

test('MountList holds no more than 64 directories of a machine and 1024 in all; the oldest give way', () => {
  const list = new MountList()
  for (let at = 0; at < 1000; at += 1) list.add('10.0.0.1', `/${at}`)
  assert.deepEqual([linesOf(list).length, linesOf(list)[0]], [64, '10.0.0.1:/936'])
  for (let at = 0; at < 100_000; at += 1) list.add(`10.1.${at >> 8}.${at & 255}`, '/x')
  assert.equal(linesOf(list).length, 1024)
  assert.equal(linesOf(list).at(-1), '10.1.390.159:/x')
})
