import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { openDeviceSocket } from './device-socket.ts'
import { loadLibc } from './libc.ts'

test('openDeviceSocket() receives and sends on the device', async (t) => {
  const { socket, boundToDevice } = await openDeviceSocket({ interface: 'lo', address: '127.0.0.1', port: 0 })
  t.after(() => socket.close())
  assert.equal(boundToDevice, (await loadLibc()) !== undefined)
  const client = createSocket('udp4').bind(0, '127.0.0.1')
  t.after(() => client.close())
  await once(client, 'listening')
  socket.on('message', (datagram, peer) => socket.send(datagram, peer.port, peer.address))
  client.send('echo', socket.address().port, '127.0.0.1')
  const [answer] = await once(client, 'message', { signal: AbortSignal.timeout(5000) })
  assert.equal(String(answer), 'echo')
})

test('openDeviceSocket() passes the system’s errors on', async () => {
  if ((await loadLibc()) === undefined) return
  await assert.rejects(openDeviceSocket({ interface: 'nothing', address: '0.0.0.0', port: 0 }), { code: 'ENODEV' })
  await assert.rejects(openDeviceSocket({ interface: 'lo', address: '10.99.99.99', port: 0 }), {
    code: 'EADDRNOTAVAIL',
  })
})
