import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedCommit } from './shared-commit.ts'

/** A commit that ends when it is told to. */
function slowly(): { readonly commit: SharedCommit; readonly ends: PromiseWithResolvers<void>[] } {
  const ends: PromiseWithResolvers<void>[] = []
  const commit = new SharedCommit(() => {
    const end = Promise.withResolvers<void>()
    ends.push(end)
    return end.promise
  })
  return { commit, ends }
}

test('SharedCommit.run() writes once more for all who asked while it was writing', async () => {
  const { commit, ends } = slowly()
  const first = commit.run()
  commit.touch()
  const others = [commit.run(), commit.run(), commit.run()]
  assert.equal(ends.length, 1)
  ends[0]?.resolve()
  await first
  await Promise.resolve()
  assert.equal(ends.length, 2)
  ends[1]?.resolve()
  await Promise.all(others)
  assert.equal(ends.length, 2)
})

test('SharedCommit.run() asks for nothing where nothing was changed since', async () => {
  const { commit, ends } = slowly()
  const first = commit.run() // what was done before it was there is unknown
  ends[0]?.resolve()
  await first
  await commit.run()
  assert.equal(ends.length, 1)
  commit.touch()
  void commit.run()
  assert.equal(ends.length, 2)
})

test('SharedCommit.run() asks again where something was changed meanwhile, or the medium refused', async () => {
  const { commit, ends } = slowly()
  const first = commit.run()
  commit.touch() // may have come too late for the first
  ends[0]?.reject(new Error('EIO'))
  await assert.rejects(first, /EIO/)
  const second = commit.run()
  commit.touch()
  ends[1]?.resolve()
  await second
  const third = commit.run()
  assert.equal(ends.length, 3)
  ends[2]?.reject(new Error('EIO'))
  await assert.rejects(third, /EIO/)
  void commit.run()
  assert.equal(ends.length, 4)
})
