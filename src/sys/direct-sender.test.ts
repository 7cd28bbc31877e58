import assert from 'node:assert/strict'
import { once } from 'node:events'
import { openSync, closeSync, readFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { DirectSender } from './direct-sender.ts'

const direct = await DirectSender.load()
const skip = direct === undefined ? 'no FFI' : false

/** Two ends of a connection. */
async function pair(): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  server.close()
  return [accepted, client]
}

test('DirectSender sends bytes and a part of a file in their order', { skip }, async () => {
  const [socket, client] = await pair()
  const path = fileURLToPath(import.meta.url)
  const file = openSync(path, 'r')
  assert.equal(direct?.send(socket, Buffer.from('head '), true), 5)
  assert.equal(direct.sendFile(socket, { fd: file, offset: 3, length: 10 }), 10)
  socket.end(' tail')
  closeSync(file)
  let came = ''
  client.on('data', (data: Buffer) => (came += data.toString()))
  await once(client, 'close')
  assert.equal(came, `head ${readFileSync(path, 'utf8').slice(3, 13)} tail`)
})

test('DirectSender sends no more than the socket takes, and nothing past what waits in it', { skip }, async () => {
  const [socket, client] = await pair()
  const sent = direct?.send(socket, Buffer.alloc(64 * 2 ** 20), false) ?? 0
  assert.ok(sent > 0 && sent < 64 * 2 ** 20, `${sent} bytes`)
  socket.write('waits')
  client.resume()
  assert.equal(direct?.send(socket, Buffer.from('first'), false), 0)
  socket.destroy()
  assert.equal(direct?.send(socket, Buffer.from('late'), false), 0)
  client.destroy()
})
