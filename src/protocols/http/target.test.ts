import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTarget } from './target.ts'

test('readTarget() decodes the path and takes the query apart', () => {
  const target = readTarget('/ipxe/a%20b?mac=52%3A54&uuid=1+2')
  assert.equal(target?.path, '/ipxe/a b')
  assert.deepEqual(Object.fromEntries(target?.query ?? []), { mac: '52:54', uuid: '1 2' })
})

test('readTarget() normalises nothing', () => {
  assert.equal(readTarget('/a/../%2e%2e/%00//b')?.path, '/a/../../\0//b')
})

test('readTarget() takes the form of a proxy', () => {
  assert.equal(readTarget('http://10.0.0.1:8080/a?b#c')?.path, '/a')
  assert.equal(readTarget('http://10.0.0.1')?.path, '/')
})

test('readTarget() refuses what is no path, and escapes that are not UTF-8', () => {
  for (const url of ['*', 'a/b', '/%zz', '/%ff', 'ftp://x/y']) assert.equal(readTarget(url), undefined, url)
})
