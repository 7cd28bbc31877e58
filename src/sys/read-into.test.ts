import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { readInto } from './read-into.ts'

/** The two ends of a connection: the server's, and the client's. */
async function pair(t: TestContext): Promise<readonly [Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  server.close()
  t.after(() => [client, accepted].forEach((socket) => socket.destroy()))
  return [accepted, client]
}

test('readInto() reads short messages into the same memory', async (t) => {
  const [socket, client] = await pair(t)
  const memory = new Set<ArrayBufferLike>()
  let came = ''
  readInto(socket, (bytes) => {
    memory.add(bytes.buffer)
    came += bytes.toString()
    return false
  })
  for (let message = 0; message < 20; message += 1) {
    client.write(`message ${message}`)
    while (!came.endsWith(`message ${message}`)) await new Promise(setImmediate)
  }
  assert.equal(memory.size, 1)
})

test('readInto() reads much, and then little', async (t) => {
  const [socket, client] = await pair(t)
  const sent = Buffer.from(Array.from({ length: 100_000 }, (_, at) => `${at} `).join(''))
  const came: Buffer[] = []
  readInto(socket, (bytes) => {
    came.push(Buffer.from(bytes))
    return false
  })
  client.write(sent)
  client.end(' the end')
  await once(socket, 'end')
  assert.equal(Buffer.concat(came).toString(), `${sent.toString()} the end`)
})

test('readInto() leaves to its taker what that keeps', async (t) => {
  const [socket, client] = await pair(t)
  const sent = Buffer.from(Array.from({ length: 100_000 }, (_, at) => `${at} `).join(''))
  const kept: Buffer[] = []
  readInto(socket, (bytes) => kept.push(bytes) > 0)
  client.end(sent)
  await once(socket, 'end')
  assert.ok(Buffer.concat(kept).equals(sent))
})

test('readInto() brings nothing while the socket is paused', async (t) => {
  const [socket, client] = await pair(t)
  let came = ''
  readInto(socket, (bytes) => {
    came += bytes.toString()
    socket.pause()
    return false
  })
  client.write('first ')
  while (came === '') await new Promise(setImmediate)
  client.write('second')
  for (let turns = 0; turns < 50; turns += 1) await new Promise(setImmediate)
  assert.equal(came, 'first ')
  socket.resume()
  while (!came.endsWith('second')) await new Promise(setImmediate)
})
