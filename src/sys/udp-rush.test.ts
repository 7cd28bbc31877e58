import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unreadSockets, withoutFfi } from './testing.ts'
import { UdpRush } from './udp-rush.ts'

test('UdpRush.run() takes all that is there, once in a turn of the event loop', { skip: withoutFfi }, async (t) => {
  const sockets = await unreadSockets(t, 2)
  assert.ok(sockets !== undefined, 'this Node has no FFI')
  const heard: (string | undefined)[] = []
  const rush = new UdpRush(sockets.libc)
  for (const fd of sockets.fds) rush.add(fd, () => heard.push(sockets.receive(fd)))
  const [one = -1, two = -1] = sockets.fds
  await sockets.send(one, 'first')
  await sockets.send(one, 'second')
  await sockets.send(two, 'other')
  while (heard.length < 3) {
    rush.run()
    await new Promise(setImmediate)
  }
  assert.deepEqual(new Set(heard), new Set(['first', 'other', 'second']))
  await sockets.send(one, 'next turn')
  await new Promise(setImmediate)
  rush.run()
  rush.run()
  assert.equal(heard.at(-1), 'next turn')
  const sent = sockets.send(one, 'too late for this turn')
  rush.run()
  assert.equal(heard.length, 4)
  await sent
})

test('UdpRush.run() gives others their turn in an endless stream, and hears nothing of who was removed', {
  skip: withoutFfi,
}, async (t) => {
  const sockets = await unreadSockets(t, 2)
  assert.ok(sockets !== undefined, 'this Node has no FFI')
  const [fd = -1, idle = -1] = sockets.fds
  const rush = new UdpRush(sockets.libc)
  let calls = 0
  rush.add(fd, () => (calls += 1)) // it never takes what came, so it is always ready
  rush.add(idle, () => assert.fail('nothing came there'))
  await sockets.send(fd, 'stays')
  for (; calls < 2; await new Promise(setImmediate)) rush.run()
  rush.remove(fd)
  await new Promise(setImmediate)
  const before = calls
  rush.run()
  assert.equal(calls, before)
  assert.equal(sockets.receive(fd), 'stays')
})
