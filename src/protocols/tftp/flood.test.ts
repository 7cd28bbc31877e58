import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { memorySource } from '../../storage/byte-source.ts'
import { encodeAck, encodeReadRequest } from './packet.ts'
import { TftpServer } from './server.ts'
import { TestClient } from './test-client.ts'

const FILE = new Uint8Array(1000)

function serve(): Promise<TftpServer> {
  return TftpServer.listen({ host: '0.0.0.0', port: 0, open: async () => memorySource(FILE) })
}

function request(filename: string): Uint8Array {
  return encodeReadRequest({ filename, mode: 'octet', options: new Map() })
}

/** Sockets that ask and never answer; the bytes that come to them are counted. */
async function spoofers(addresses: readonly string[]): Promise<{ sockets: Socket[]; bytes: () => number }> {
  let bytes = 0
  const sockets = await Promise.all(
    addresses.map(async (address) => {
      const socket = createSocket('udp4').bind(0, address)
      await once(socket, 'listening')
      socket.on('message', ({ byteLength }) => (bytes += byteLength)).on('error', () => undefined)
      return socket
    }),
  )
  return { sockets, bytes: () => bytes }
}

/** Asserts that a client which does answer gets the file. */
async function assertServes(server: TftpServer, address: string): Promise<void> {
  await using client = await TestClient.open()
  client.send(request('boot'), server.port, address)
  const { datagram, from } = await client.next()
  assert.equal(datagram.byteLength, 516)
  client.send(encodeAck(1), from.port, address)
  assert.equal((await client.next()).datagram.byteLength, 4 + 488)
  client.send(encodeAck(2), from.port, address)
}

async function openFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length
}

async function breathe(milliseconds = 0): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
}

test('TftpServer holds little, and sends little, for 100000 transfers that one address begins', async () => {
  await using server = await serve()
  const { sockets, bytes } = await spoofers(Array.from({ length: 100 }, () => '127.0.0.9'))
  const [files, memory, began] = [await openFiles(), process.memoryUsage().rss, performance.now()]
  let asked = 0
  for (let round = 0; round < 1000; round += 1) {
    for (const socket of sockets)
      socket.send(request(`boot-${(asked += 1)}`), server.port, '127.0.0.1', () => undefined)
    if (round % 5 === 0) await breathe()
  }
  await breathe(100)
  const seconds = Math.ceil((performance.now() - began) / 1000) + 1
  assert.equal(asked, 100_000)
  assert.ok((await openFiles()) - files <= 250, 'sockets are bounded')
  assert.ok(process.memoryUsage().rss - memory < 150e6, 'memory is bounded')
  assert.ok(bytes() <= seconds * 2 * 200 * 516 * 3, `${bytes()} bytes in ${seconds} s for ${100_000 * 20} asked`)
  await assertServes(server, '127.0.0.1') // from another address
  for (const socket of sockets) socket.close()
})

test('TftpServer serves a client that answers while very many addresses ask that never do', async () => {
  await using server = await serve()
  const addresses = Array.from({ length: 700 }, (_, index) => `127.0.${1 + (index >> 8)}.${index & 0xff}`)
  const { sockets } = await spoofers(addresses.filter((address) => !address.endsWith('.0')))
  const files = await openFiles()
  for (const socket of sockets) {
    for (let count = 0; count < 3; count += 1) socket.send(request(`boot-${count}`), server.port, '127.0.0.1')
  }
  await breathe(300)
  assert.ok((await openFiles()) - files <= 2 * 512, `${(await openFiles()) - files} are open`)
  await assertServes(server, '127.0.0.1')
  for (const socket of sockets) socket.close()
})
