import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { Qmp } from './qmp.ts'

const GREETING = '{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}}, "capabilities": []}}\r\n'

/** Both ends of a connection: QEMU's, which greets, and ours. */
async function pair(): Promise<{ readonly qemu: Socket; readonly ours: Socket }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const ours = createConnection(address.port, '127.0.0.1')
  const [qemu] = (await once(server, 'connection')) as [Socket]
  server.close()
  qemu.write(GREETING)
  return { qemu, ours }
}

/** Answers each command by `answer(command, id)`. */
function answering(qemu: Socket, answer: (command: string, id: number) => string): void {
  qemu.on('data', (bytes) => {
    for (const line of String(bytes).trim().split('\r\n')) {
      const { execute, id } = JSON.parse(line) as { execute: string; id: number }
      qemu.write(answer(execute, id))
    }
  })
}

test('Qmp.execute() returns the value of its own answer, in whatever order they come', async () => {
  const { qemu, ours } = await pair()
  let held = ''
  answering(qemu, (command, id) => {
    const line = `{"return": "${command}", "id": ${id}}\r\n`
    if (command === 'first') held = line
    return command === 'first' ? '' : line + held
  })
  const qmp = await Qmp.connect(ours)
  assert.deepEqual(await Promise.all([qmp.execute('first'), qmp.execute('second')]), ['first', 'second'])
  qmp.close()
})

test('Qmp.execute() rejects with the words of QEMU, and when QEMU ends before it answers', async () => {
  const { qemu, ours } = await pair()
  answering(qemu, (command, id) => {
    if (command === 'nope') return `{"error": {"class": "GenericError", "desc": "Device not found"}, "id": ${id}}\r\n`
    if (command === 'die') qemu.destroy()
    return `{"return": {}, "id": ${id}}\r\n`.slice(command === 'die' ? 99 : 0)
  })
  const qmp = await Qmp.connect(ours)
  await assert.rejects(qmp.execute('nope'), {
    name: 'QmpError',
    message: 'QEMU refused nope: Device not found (GenericError)',
  })
  await assert.rejects(qmp.execute('die'), { name: 'QmpError', message: 'QEMU ended before it answered die' })
  await assert.rejects(qmp.execute('cont'), { message: 'Cannot tell QEMU to cont: it has ended' })
})

test('Qmp.onEvent() hears events between the answers until it is told to stop', async () => {
  const { qemu, ours } = await pair()
  answering(
    qemu,
    (_, id) => `{"event": "RESUME", "timestamp": {"seconds": 1, "microseconds": 0}}\r\n{"return": {}, "id": ${id}}\r\n`,
  )
  const qmp = await Qmp.connect(ours)
  const heard: string[] = []
  const stop = qmp.onEvent(({ name }) => heard.push(name))
  await qmp.execute('cont')
  stop()
  await qmp.execute('cont')
  assert.deepEqual(heard, ['RESUME'])
  qmp.close()
})

test('Qmp.connect() rejects when what it reaches is not QEMU', async () => {
  const server = createServer((socket) => socket.end('220 mail ready\r\n')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const connecting = Qmp.connect(createConnection(address.port, '127.0.0.1'))
  await assert.rejects(connecting, { message: /Cannot read QMP message 220 mail ready: not JSON/ })
  server.close()
})
