import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countedCalls } from './nfs-boot-once.ts'

test('countedCalls() reads calls by name off /proc/net/rpc/nfs, of all versions together', () => {
  const text = `net 0 0 0 0
rpc 3081 0 3081
proc3 22 1 40 0 30 20 10 500 0 0 0 0 0 0 0 0 0 3 4 0 2 1 0
proc4 69 0 9 0 0 7 0 0 0 6 0 1 0 0 0 0 0 0 50 60 70 1 0 0 0 0 0 1 2 5 8 2
`
  const calls = countedCalls(text)
  assert.deepEqual([calls['lookup'], calls['read'], calls['readdirplus'], calls['commit']], [100, 509, 4, undefined])
  assert.deepEqual(
    [calls['open'], calls['close'], calls['access'], calls['readlink'], calls['readdir']],
    [7, 6, 70, 15, 11],
  )
})

test('countedCalls() of a machine without NFS is empty', () => {
  assert.deepEqual(countedCalls(''), {})
  assert.deepEqual(countedCalls('cat: /proc/net/rpc/nfs: No such file or directory'), {})
})
