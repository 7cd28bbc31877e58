import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryTree } from '../../../storage/memory-tree.ts'
import { user } from '../harness.ts'
import { grantedAccess, mayReadContent } from './access.ts'

const ALL = 0x3f
const READ = 0x01
const LOOKUP = 0x02
const EXECUTE = 0x20

/** Attributes of a file or directory of user 1000, group 100. */
function attributesOf(mode: number, type: 'file' | 'directory' = 'file') {
  const tree = new MemoryTree([{ path: 'x', type, mode, uid: 1000, gid: 100 }])
  return tree.attributes(2)
}

const owner = user(1000, 1)
const member = user(2000, 100)
const alsoMember = user(2000, 1, [27, 100])
const other = user(3000, 1)
const root = user(0)

test('grantedAccess() takes the bits of the one class that the caller is of', () => {
  const cases: [mode: number, caller: typeof owner, granted: number][] = [
    [0o400, owner, READ],
    [0o100, owner, EXECUTE],
    [0o077, owner, 0], // the owner is not "others"
    [0o040, member, READ],
    [0o050, alsoMember, READ | EXECUTE],
    [0o707, member, 0],
    [0o004, other, READ],
    [0o001, other, EXECUTE],
    [0o770, other, 0],
    [0o777, other, READ | EXECUTE],
  ]
  for (const [mode, caller, granted] of cases) {
    assert.equal(grantedAccess(ALL, caller, attributesOf(mode)), granted, `${mode.toString(8)} ${caller.uid}`)
  }
})

test('grantedAccess() lets root read and search all, but run only what somebody may', () => {
  assert.equal(grantedAccess(ALL, root, attributesOf(0o000)), READ)
  assert.equal(grantedAccess(ALL, root, attributesOf(0o010)), READ | EXECUTE)
  assert.equal(grantedAccess(ALL, root, attributesOf(0o000, 'directory')), READ | LOOKUP)
})

test('grantedAccess() of a directory is read and lookup', () => {
  assert.equal(grantedAccess(ALL, other, attributesOf(0o755, 'directory')), READ | LOOKUP)
  assert.equal(grantedAccess(ALL, other, attributesOf(0o711, 'directory')), LOOKUP)
})

test('grantedAccess() answers only what was asked', () => {
  assert.equal(grantedAccess(EXECUTE, other, attributesOf(0o777)), EXECUTE)
  assert.equal(grantedAccess(0, root, attributesOf(0o777)), 0)
})

test('mayReadContent() lets the owner read whatever the mode, and others what they may run', () => {
  assert.equal(mayReadContent(owner, attributesOf(0o000)), true)
  assert.equal(mayReadContent(other, attributesOf(0o771)), true)
  assert.equal(mayReadContent(other, attributesOf(0o770)), false)
})
