import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as assertProperty, json, property } from 'fast-check'
import { decodeMessage, encodeCommand, LineSplitter, QmpFormatError } from './qmp-message.ts'

test('encodeCommand() writes one line, with arguments only where there are some', () => {
  assert.equal(encodeCommand(1, 'cont'), '{"execute":"cont","id":1}\r\n')
  const line = encodeCommand(2, 'set_link', { name: 'card0', up: false })
  assert.equal(line, '{"execute":"set_link","arguments":{"name":"card0","up":false},"id":2}\r\n')
})

test('decodeMessage() reads the greeting of QEMU 7.2', () => {
  const line =
    '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"}, "capabilities": ["oob"]}}'
  assert.deepEqual(decodeMessage(line), { kind: 'greeting', version: '7.2.22' })
})

test('decodeMessage() reads a return, an error and an event', () => {
  assert.deepEqual(decodeMessage('{"return": {"status": "running"}, "id": 7}'), {
    kind: 'return',
    id: 7,
    value: { status: 'running' },
  })
  const refused = '{"id": 8, "error": {"class": "CommandNotFound", "desc": "The command nope has not been found"}}'
  assert.deepEqual(decodeMessage(refused), {
    kind: 'error',
    id: 8,
    errorClass: 'CommandNotFound',
    description: 'The command nope has not been found',
  })
  const event =
    '{"timestamp": {"seconds": 1700000000, "microseconds": 250000}, "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}'
  assert.deepEqual(decodeMessage(event), {
    kind: 'event',
    event: { name: 'SHUTDOWN', data: { guest: true, reason: 'guest-shutdown' }, timeMs: 1_700_000_000_250 },
  })
})

test('decodeMessage() says what it got instead of a message', () => {
  assert.throws(() => decodeMessage('HTTP/1.1 400'), { name: 'QmpFormatError', message: /HTTP\/1.1 400: not JSON/ })
  assert.throws(() => decodeMessage('[1]'), { name: 'QmpFormatError', message: /want an object/ })
  assert.throws(() => decodeMessage('{"hello": 1}'), { message: /want greeting, return, error or event/ })
})

test('decodeMessage() throws nothing but QmpFormatError, whatever JSON it gets', () => {
  assertProperty(
    property(json(), (line) => {
      try {
        decodeMessage(line)
      } catch (error) {
        assert.ok(error instanceof QmpFormatError)
      }
    }),
  )
})

test('LineSplitter gives the same lines wherever the stream is cut', () => {
  const stream = '{"return": {}, "id": 1}\r\n{"event": "RESET"}\r\n'
  for (let cut = 0; cut <= stream.length; cut++) {
    const splitter = new LineSplitter()
    const lines = [...splitter.push(stream.slice(0, cut)), ...splitter.push(stream.slice(cut))]
    assert.deepEqual(lines, ['{"return": {}, "id": 1}', '{"event": "RESET"}'])
  }
})
