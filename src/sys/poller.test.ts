import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadLibc } from './libc.ts'
import { Poller } from './poller.ts'
import { unreadSockets, withoutFfi } from './testing.ts'

test('Poller.wait() finds the descriptors that are ready, for as long as they are', { skip: withoutFfi }, async (t) => {
  const sockets = await unreadSockets(t, 2)
  assert.ok(sockets !== undefined, 'this Node has no FFI')
  const [one = -1, two = -1] = sockets.fds
  using poller = new Poller(sockets.libc)
  poller.add(one)
  poller.add(two)
  assert.equal(poller.wait(0), 0)
  assert.equal(poller.wait(1), 0)
  await sockets.send(two, 'x')
  assert.deepEqual([poller.wait(1000), poller.ready(0)], [1, two])
  assert.deepEqual([poller.wait(0), poller.ready(0)], [1, two])
  await sockets.send(one, 'y')
  assert.deepEqual([poller.wait(0), new Set([poller.ready(0), poller.ready(1)])], [2, new Set([one, two])])
  sockets.receive(two)
  poller.remove(one)
  assert.equal(poller.wait(0), 0)
})

test('Poller.add() says why a descriptor cannot be waited for', { skip: withoutFfi }, async () => {
  const libc = await loadLibc()
  assert.ok(libc !== undefined, 'this Node has no FFI')
  using poller = new Poller(libc)
  assert.throws(() => poller.add(-1), { code: 'EBADF', message: /^epoll_ctl: EBADF/ })
})
