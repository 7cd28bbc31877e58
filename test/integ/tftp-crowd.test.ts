import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { encodeAck, encodeReadRequest } from '../../src/protocols/tftp/packet.ts'
import { serve } from '../support/serve.ts'
import { makeServedFiles } from '../support/served-files.ts'

const files = await makeServedFiles()
after(() => files[Symbol.asyncDispose]())
const server = await serve('tftp', files.served)
after(() => server.stop())

const CLIENTS = 1000
const WINDOW = 16
const OPTIONS = new Map([
  ['blksize', '1468'],
  ['windowsize', `${WINDOW}`],
])
const REQUEST = encodeReadRequest({ filename: 'file-41943040', mode: 'octet', options: OPTIONS })

/** A client that takes whole windows, each from another place of the file, until it has so many. */
async function takeWindows(socket: Socket, wanted: number): Promise<void> {
  const done = Promise.withResolvers<void>()
  socket.on('message', (datagram, { port, address }) => {
    const block = datagram.readUInt16BE(2)
    if (datagram.readUInt16BE(0) === 6) return socket.send(encodeAck(0), port, address)
    if (block === WINDOW * wanted)
      done.resolve() // and it says nothing more
    else if (block % WINDOW === 0) socket.send(encodeAck(block), port, address)
  })
  const ask = (): void => socket.send(REQUEST, server.port, '127.0.0.1')
  const again = setInterval(ask, 2000)
  ask()
  await done.promise.finally(() => clearInterval(again))
}

async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024
}

test('serve tftp takes less than 300 MB for a thousand transfers at once', async (t) => {
  const sockets: Socket[] = []
  t.after(() => sockets.forEach((socket) => socket.close()))
  for (let n = 0; n < CLIENTS; n += 1) {
    const socket = createSocket('udp4').bind(0, `127.0.1.${1 + (n % 50)}`)
    await once(socket, 'listening')
    sockets.push(socket)
  }
  // not all in one moment: the receive buffer of the test is no part of what is shown
  for (let n = 0; n < CLIENTS; n += 50) {
    await Promise.all(sockets.slice(n, n + 50).map((socket, index) => takeWindows(socket, 1 + ((n + index) % 40))))
  }
  assert.ok((await readdir(`/proc/${server.pid}/fd`)).length > CLIENTS, 'they are all under way')
  const mebibytes = await memoryOf(server.pid)
  t.diagnostic(`${mebibytes.toFixed(0)} MiB`)
  assert.ok(mebibytes < 300, `${mebibytes} MiB`)
})
