import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import type { DhcpExchange } from './exchange.ts'
import { LeasePool } from './lease-pool.ts'
import { option, rawOption, readOption } from './options.ts'
import { decodeMessage, encodeMessage } from './packet.ts'
import { bootItemIn, bootItemOptions } from './pxe-options.ts'
import { DhcpServer } from './server.ts'
import { clientMessage } from './testing.ts'

const LOOPBACK = '127.0.0.1'

/** A server on the loopback, one port below its client, which renews: that is answered by unicast. */
async function serverAndClient(t: TestContext) {
  const client = createSocket('udp4').bind(0, LOOPBACK)
  await once(client, 'listening')
  t.after(() => client.close())
  const exchanges: DhcpExchange[] = []
  const server = await DhcpServer.listen({
    interface: 'lo',
    serverAddress: LOOPBACK,
    leases: new LeasePool({ range: { first: LOOPBACK, last: LOOPBACK } }),
    answer: () => ({ prefix: 8, leaseSeconds: 600 }),
    onExchange: (exchange) => exchanges.push(exchange),
    port: client.address().port - 1,
  })
  t.after(() => server.close())
  const send = (bytes: Uint8Array): void => client.send(bytes, server.port, LOOPBACK)
  return { server, client, send, exchanges }
}

const RENEW = encodeMessage(clientMessage('request', { clientAddress: LOOPBACK }))

async function nextMessage(client: Socket) {
  const [datagram] = (await once(client, 'message', { signal: AbortSignal.timeout(5000) })) as [Buffer]
  return decodeMessage(datagram)
}

test('DhcpServer renews a lease over the wire and tells of it', async (t) => {
  const { client, send, exchanges } = await serverAndClient(t)
  send(RENEW)
  const { options, yourAddress } = await nextMessage(client)
  assert.equal(readOption(options, option.messageType), 'ack')
  assert.equal(yourAddress, LOOPBACK)
  await new Promise(setImmediate)
  const [exchange] = exchanges
  assert.equal(exchange?.client.mac, '52:54:00:12:34:56')
  assert.equal(exchange?.outcome.kind === 'acknowledged' && exchange.outcome.state, 'renewing')
})

test('DhcpServer survives random bytes and answers the next client', async (t) => {
  const { client, send } = await serverAndClient(t)
  for (let n = 0; n < 300; n += 1) send(crypto.getRandomValues(new Uint8Array(n)))
  // the flood may have filled the receive buffer: a client asks again
  const again = setInterval(() => send(RENEW), 100)
  t.after(() => clearInterval(again))
  assert.equal((await nextMessage(client)).yourAddress, LOOPBACK)
})

test('DhcpServer.close() frees the port, and twice is fine', async (t) => {
  const { server } = await serverAndClient(t)
  await Promise.all([server.close(), server.close()])
  const again = createSocket('udp4').bind(server.port, LOOPBACK)
  await once(again, 'listening')
  again.close()
})

test('DhcpServer.listen() says that the machine does not have the address', async () => {
  const options = { leases: new LeasePool({}), answer: () => undefined, port: 40_167 }
  await assert.rejects(DhcpServer.listen({ interface: 'lo', serverAddress: '10.99.99.99', ...options }), {
    name: 'BindError',
    message: /^Cannot serve DHCP on lo: this machine does not have that address; see .*ip -br address/,
  })
})

test('DhcpServer with menus answers on its boot port as a server too, from that port to where it was asked from', async (t) => {
  const client = createSocket('udp4').bind(0, LOOPBACK)
  await once(client, 'listening')
  t.after(() => client.close())
  const port = client.address().port
  const item = { type: 0x8000, layer: 0 }
  const server = await DhcpServer.listen({
    interface: 'lo',
    serverAddress: LOOPBACK,
    leases: new LeasePool({ range: { first: LOOPBACK, last: LOOPBACK } }),
    answer: (_, { bootItem }) => ({
      prefix: 8,
      leaseSeconds: 600,
      ...(bootItem === undefined ? {} : { bootFile: 'snponly.efi', chosen: { item: bootItem, name: 'debian' } }),
    }),
    hasMenus: true,
    bootPort: port - 1,
    port: port - 3,
  })
  t.after(() => server.close())
  const options = [
    rawOption(option.vendorClass, 'PXEClient:Arch:00007:UNDI:003016'),
    rawOption(option.vendorSpecific, bootItemOptions(item)),
  ]
  client.send(encodeMessage(clientMessage('request', { options, clientAddress: LOOPBACK })), port - 1, LOOPBACK)
  const [datagram, peer] = (await once(client, 'message', { signal: AbortSignal.timeout(5000) })) as [
    Buffer,
    { port: number },
  ]
  const reply = decodeMessage(datagram)
  assert.deepEqual([peer.port, reply.bootFile], [port - 1, 'snponly.efi'])
  assert.deepEqual(bootItemIn(reply.options), item)
})
