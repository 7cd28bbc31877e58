import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { BatchedUdp } from './batched-udp.ts'
import { openDeviceSocket } from './device-socket.ts'
import { loadLibc } from './libc.ts'

const LOOPBACK = '127.0.0.1'

async function socketAndClient(t: TestContext, isNative: boolean) {
  const opened = await openDeviceSocket({ interface: 'lo', address: LOOPBACK, port: 0 })
  const { socket } = opened
  const udp = new BatchedUdp(isNative ? opened : { socket, boundToDevice: false })
  t.after(() => udp.close())
  const client = createSocket('udp4').bind(0, LOOPBACK)
  t.after(() => client.close())
  await once(client, 'listening')
  return { udp, client, port: socket.address().port }
}

/** More than is taken past Node in one turn of the event loop, and no more than waits in a receive buffer. */
const COUNT = 200

for (const isNative of [true, false]) {
  const way = isNative ? 'past node:dgram where it can' : 'through node:dgram'
  test(`BatchedUdp takes every datagram that waits and answers each sender, ${way}`, async (t) => {
    const { udp, client, port } = await socketAndClient(t, isNative)
    const kept: Uint8Array[] = []
    udp.listen(
      (datagram, peer) => {
        kept.push(datagram) // it may be kept: nothing is written over it
        udp.send(datagram, peer)
      },
      (error) => assert.fail(error),
    )
    const answers = new Set<string>()
    const done = Promise.withResolvers<void>()
    client.on('message', (answer) => answers.add(String(answer)).size === COUNT && done.resolve())
    for (let n = 0; n < COUNT; n += 1) client.send(`number ${n}`, port, LOOPBACK)
    await done.promise
    const wanted = Array.from({ length: COUNT }, (_, n) => `number ${n}`)
    assert.deepEqual(new Set(kept.map((bytes) => String(Buffer.from(bytes)))), new Set(wanted))
    assert.deepEqual(answers, new Set(wanted))
  })
}

test('BatchedUdp.stop() takes nothing more, and close() makes send() do nothing', async (t) => {
  const { udp, client, port } = await socketAndClient(t, true)
  const heard: string[] = []
  const first = Promise.withResolvers<void>()
  udp.listen(
    (datagram) => {
      heard.push(String(Buffer.from(datagram)))
      udp.stop()
      first.resolve()
    },
    (error) => assert.fail(error),
  )
  for (const text of ['one', 'two', 'three']) client.send(text, port, LOOPBACK)
  await first.promise
  await new Promise((resolve) => client.send('four', port, LOOPBACK, resolve))
  await new Promise(setImmediate)
  assert.deepEqual(heard, ['one'])
  await udp.close()
  udp.send(new Uint8Array(1), { address: LOOPBACK, port: client.address().port })
})

test('BatchedUdp.send() throws the error of the system', async (t) => {
  const { udp } = await socketAndClient(t, true)
  if ((await loadLibc()) === undefined) return
  assert.throws(() => udp.send(new Uint8Array(70_000), { address: LOOPBACK, port: 9 }), { code: 'EMSGSIZE' })
})
