import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { SyslogServer } from './server.ts'
import { SyslogSession } from './session.ts'

const MESSAGE = { facility: 3, severity: 3, host: '', program: 'netroot', text: 'x' }

test('SyslogServer tells each line with the address it came from, and nothing of what is none', async () => {
  const lines: string[] = []
  const heard = Promise.withResolvers<void>()
  await using server = await SyslogServer.listen({
    host: '127.0.0.1',
    port: 0,
    onLine: (address, { program, text }) => {
      lines.push(`${address} ${program} ${text}`)
      if (text === 'last') heard.resolve()
    },
  })
  const socket = createSocket('udp4')
  for (const text of ['', '<27>Nov  1 08:15:42 netroot: first', '<27>last'])
    await new Promise((sent) => socket.send(text, server.port, '127.0.0.1', sent))
  await heard.promise
  assert.deepEqual(lines, ['127.0.0.1 netroot first', '127.0.0.1  last'])
  socket.close()
  await once(socket, 'close')
})

test('SyslogServer says who has its port', async () => {
  await using server = await SyslogServer.listen({ host: '127.0.0.1', port: 0, onLine: () => undefined })
  await assert.rejects(
    SyslogServer.listen({ host: '127.0.0.1', port: server.port, onLine: () => undefined }),
    /Cannot take syslog on 127\.0\.0\.1/,
  )
})

test('SyslogSession leaves out what one sender sends too much, and counts it', () => {
  const session = new SyslogSession()
  const taken = Array.from({ length: 3000 }, () => session.take('10.0.0.7', MESSAGE, 0)).filter(Boolean)
  assert.equal(taken.length, 2000)
  assert.equal(session.take('10.0.0.8', MESSAGE, 0)?.dropped, 0)
  assert.equal(session.take('10.0.0.7', MESSAGE, 1000)?.dropped, 1000)
  assert.equal(session.take('10.0.0.7', MESSAGE, 1000)?.dropped, 0)
})

test('SyslogSession remembers a bounded number of senders', () => {
  const session = new SyslogSession()
  for (let at = 0; at < 2000; at += 1) session.take('first', MESSAGE, 0)
  assert.equal(session.take('first', MESSAGE, 0), undefined)
  for (let at = 0; at < 4096; at += 1) session.take(`10.0.${at >> 8}.${at & 255}`, MESSAGE, 0)
  assert.ok(session.take('first', MESSAGE, 0)) // forgotten
})
