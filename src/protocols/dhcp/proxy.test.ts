import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex } from '../../wire/hex.ts'
import { CAPTURES } from './captures.ts'
import { LeasePool } from './lease-pool.ts'
import { type MessageType, option, rawOption, readOption } from './options.ts'
import { decodeMessage, type DhcpMessage } from './packet.ts'
import { type DhcpRole, type Handled, handleBootRequest, handleMessage } from './session.ts'
import { clientMessage, type ClientMessageFields } from './testing.ts'

const SERVER = '10.0.0.1'
const UUID = hex('00 426e3c8a 0100 0040 8000 525400123456')
const PXE = [
  rawOption(option.vendorClass, 'PXEClient:Arch:00007:UNDI:003016'),
  rawOption(option.architectures, [7]),
  [97, UUID] as const,
]

/** A server that is a proxy until told otherwise. */
function proxy() {
  const now: { role: DhcpRole } = { role: 'proxy' }
  const context = {
    serverAddress: SERVER,
    leases: new LeasePool({ range: { first: '10.0.0.100', last: '10.0.0.101' } }),
    answer: () => ({ prefix: 24, leaseSeconds: 600, routers: [SERVER], bootFile: 'snponly.efi' }),
    role: () => now.role,
  }
  const tell = (type: MessageType, fields?: ClientMessageFields, arrival: 'broadcast' | 'unicast' = 'broadcast') =>
    handleMessage(context, clientMessage(type, fields), arrival)
  const ask = (fields: ClientMessageFields) => handleBootRequest(context, clientMessage('request', fields))
  return { now, context, tell, ask }
}

function messageOf({ reply, exchange }: Handled): DhcpMessage {
  assert.ok(reply !== undefined, JSON.stringify(exchange.outcome))
  return reply.message
}
function reasonOf({ exchange: { outcome } }: Handled): string {
  return outcome.kind === 'ignored' ? outcome.reason : outcome.kind
}

test('handleMessage() as a proxy offers firmware a boot file and no address', async () => {
  const message = messageOf(await proxy().tell('discover', { options: PXE }))
  assert.deepEqual([message.yourAddress, message.nextServer, message.bootFile], ['0.0.0.0', SERVER, 'snponly.efi'])
  assert.equal(readOption(message.options, option.vendorClass), 'PXEClient')
  assert.deepEqual(message.options.get(43), hex('060108 ff')) // discovery control: take this boot file
  assert.deepEqual(message.options.get(97), UUID)
  assert.equal(readOption(message.options, option.bootFileName), 'snponly.efi')
  for (const code of [1, 3, 51, 58, 59]) assert.equal(message.options.has(code), false, `option ${code}`)
})

test('handleMessage() as a proxy answers the captured firmware and nobody else', async () => {
  const { context } = proxy()
  for (const { from, bytes } of CAPTURES.filter((one) => one.from.endsWith('DISCOVER'))) {
    const isFirmware = /iPXE|OVMF/.test(from)
    const handled = await handleMessage(context, decodeMessage(bytes), 'broadcast')
    assert.equal(reasonOf(handled), isFirmware ? 'boot-offered' : 'proxy', from)
  }
})

test('handleMessage() as a proxy denies nobody and gives no address, but keeps up the leases it gave', async () => {
  const { now, tell } = proxy()
  const asking = (address: string) => rawOption(option.requestedAddress, address)
  assert.equal(reasonOf(await tell('request', { options: [asking('192.168.7.7')] })), 'proxy')
  assert.equal(reasonOf(await tell('request', { clientAddress: '10.0.0.100' }, 'unicast')), 'proxy')
  assert.equal(reasonOf(await tell('inform', { clientAddress: '10.0.0.100' })), 'proxy')
  now.role = 'server'
  await tell('discover')
  await tell('request', { options: [rawOption(option.serverIdentifier, SERVER), asking('10.0.0.100')] })
  now.role = 'proxy'
  const renewed = await tell('request', { clientAddress: '10.0.0.100' }, 'unicast')
  assert.equal(messageOf(renewed).yourAddress, '10.0.0.100')
})

test('handleBootRequest() answers on port 4011, to where it was asked from', async () => {
  const handled = await proxy().ask({ clientAddress: '10.0.0.77', options: PXE })
  const message = messageOf(handled)
  assert.equal(readOption(message.options, option.messageType), 'ack')
  assert.deepEqual([message.clientAddress, message.yourAddress], ['10.0.0.77', '0.0.0.0'])
  assert.equal(message.bootFile, 'snponly.efi')
  assert.deepEqual(handled.reply?.to, { address: '10.0.0.77', port: 'sender' })
})

test('handleBootRequest() is silent to what is no firmware, no request and no Ethernet', async () => {
  const { ask, context } = proxy()
  assert.equal(reasonOf(await ask({ clientAddress: '10.0.0.77' })), 'proxy')
  const offer = clientMessage('offer', { options: PXE })
  assert.equal(reasonOf(await handleBootRequest(context, offer)), 'not-a-request')
  const cut = { ...clientMessage('request', { options: PXE }), hardwareAddress: hex('5254') }
  assert.equal(reasonOf(await handleBootRequest(context, cut)), 'hardware')
})
