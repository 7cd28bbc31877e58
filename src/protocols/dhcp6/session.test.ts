import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex } from '../../wire/hex.ts'
import type { Lease } from '../dhcp/lease-pool.ts'
import { duidOfMac, encodeDuid } from './duid.ts'
import { decodeAddresses, decodeStatus, decodeVendorClass, OPTION, rawOption, valueOf } from './options.ts'
import { MESSAGE } from './packet.ts'
import { type Handled6 } from './session.ts'
import { ANSWER, ask, HOME, iaOf, MAC, relayOf, SERVER_DUID, serverOf } from './testing.ts'

const RAPID = { code: OPTION.rapidCommit, value: new Uint8Array() }
const { solicit, request, confirm, renew, rebind, release, decline, informationRequest } = MESSAGE

function addressIn(handled: Handled6): string | undefined {
  return iaOf(handled)?.addresses[0]?.address
}
function valueIn({ reply }: Handled6, code: number): Uint8Array | undefined {
  return reply === undefined ? undefined : valueOf(reply.message.options, code)
}
function statusIn(handled: Handled6): number | undefined {
  const value = valueIn(handled, OPTION.statusCode)
  return value === undefined ? undefined : decodeStatus(value).code
}

test('handleDatagram() offers an address, leases it on request, and extends it', async () => {
  const server = serverOf()
  const offer = await ask(server, solicit)
  assert.equal(offer.reply?.message.type, MESSAGE.advertise)
  assert.deepEqual(iaOf(offer), {
    iaid: 1,
    renewSeconds: 500,
    rebindSeconds: 800,
    addresses: [{ address: 'fd77::100', preferredSeconds: 1000, validSeconds: 1000 }],
  })
  const lease = await ask(server, request, { address: 'fd77::100', toServer: true })
  assert.deepEqual([lease.reply?.message.type, addressIn(lease)], [MESSAGE.reply, 'fd77::100'])
  assert.equal(server.leases.active()[0]?.mac, MAC)
  for (const [type, toServer] of [
    [renew, true],
    [rebind, false],
  ] as const) {
    const again = await ask(server, type, { address: 'fd77::100', toServer })
    assert.equal(iaOf(again)?.addresses[0]?.validSeconds, 1000)
  }
})

test('handleDatagram() leases at once where the client asks for a rapid commit', async () => {
  const server = serverOf()
  const lease = await ask(server, solicit, { more: [RAPID] })
  assert.equal(lease.reply?.message.type, MESSAGE.reply)
  assert.deepEqual(valueIn(lease, OPTION.rapidCommit), new Uint8Array())
  assert.deepEqual([lease.exchange.outcome.kind, server.leases.active().length], ['leased', 1])
})

test('one machine keeps its address through firmware, initramfs and system that call themselves differently [HT30]', async () => {
  const server = serverOf()
  const uuid = encodeDuid({ kind: 'uuid', uuid: hex('00112233445566778899aabbccddeeff') })
  const time = encodeDuid({ kind: 'link-layer-time', hardware: 1, time: 7, address: hex('525400770007') })
  const firmware = await ask(server, solicit, { more: [RAPID], duid: uuid, iaid: 1 })
  const initramfs = await ask(server, solicit, { more: [RAPID], iaid: 2 })
  const system = await ask(server, solicit, { more: [RAPID], duid: time, iaid: 3 })
  assert.deepEqual([firmware, initramfs, system].map(addressIn), ['fd77::100', 'fd77::100', 'fd77::100'])
  const other = await ask(server, solicit, { more: [RAPID], mac: '52:54:00:77:00:08' })
  assert.equal(addressIn(other), 'fd77::101')
})

test('a DUID that was seen with a card belongs to that machine, wherever it asks from', async () => {
  const saved: Lease[] = []
  const store = { load: () => saved, save: async (lease: Lease) => void saved.push(lease) }
  const enterprise = encodeDuid({ kind: 'enterprise', enterprise: 43793, identifier: hex('0102030405060708') })
  const first = await ask(serverOf({ store }), solicit, { more: [RAPID], duid: enterprise })
  assert.equal(addressIn(first), 'fd77::100')
  // after a restart, and through a relay that says nothing of the card; the system has a private link-local address
  const relays = [relayOf('fd77::fe', 'fe80::1234')]
  const again = await ask(serverOf({ store }), solicit, { more: [RAPID], duid: enterprise, relays, mac: MAC })
  assert.equal(addressIn(again), 'fd77::100')
})

test('a named machine has its fixed address, and nobody else gets it', async () => {
  const server = serverOf({ fixed: new Map([[MAC, 'fd77::100']]) })
  assert.equal(addressIn(await ask(server, solicit, { mac: '52:54:00:77:00:09' })), 'fd77::101')
  assert.equal(addressIn(await ask(server, solicit)), 'fd77::100')
})

test('handleDatagram() answers through relays, from the pool of the network that the nearest one names', async () => {
  const relays = [relayOf('::', 'fd78::2'), relayOf('fd79::1', 'fe80::5054:ff:fe77:7')]
  const { reply, exchange } = await ask(serverOf(), solicit, { relays })
  assert.equal(exchange.outcome.kind === 'offered' ? exchange.outcome.address : '', 'fd79::100')
  assert.deepEqual(reply?.relays, relays)
  const unknown = await ask(serverOf(), solicit, { relays: [relayOf('fd99::1', 'fe80::1')] })
  assert.deepEqual([unknown.reply, unknown.exchange.outcome.kind], [undefined, 'ignored'])
})

test('what a client asks for is told, and nothing else', async () => {
  const all = await ask(serverOf(), informationRequest, { address: null })
  assert.deepEqual(decodeAddresses(valueIn(all, OPTION.dnsServers) ?? hex('00')), ['fd77::53'])
  assert.deepEqual(valueIn(all, OPTION.domainList), hex('03 6c6162 07 6578616d706c65 00'))
  assert.deepEqual(valueIn(all, OPTION.ntpServer), hex('0001 0010 fd770000000000000000000000000123'))
  assert.equal(Buffer.from(valueIn(all, OPTION.bootFileUrl) ?? '').toString(), ANSWER.bootFile)
  assert.deepEqual(valueIn(all, OPTION.bootFileParameters), hex('0003 6f6e65 0003 74776f'))
  assert.equal(iaOf(all), undefined)
  const none = await ask(serverOf(), informationRequest, { address: null, wants: [] })
  assert.deepEqual(
    none.reply?.message.options.map(({ code }) => code),
    [OPTION.clientId, OPTION.serverId],
  )
})

test('firmware that boots by HTTP gets its vendor class back', async () => {
  const text = 'HTTPClient:Arch:00016:UNDI:003001'
  const more = [rawOption(OPTION.vendorClass, (w) => w.u32(343).u16(text.length).bytes(Buffer.from(text)))]
  const value = valueIn(await ask(serverOf(), solicit, { more }), OPTION.vendorClass)
  assert.deepEqual(decodeVendorClass(value ?? hex('')), { enterprise: 343, classes: ['HTTPClient'] })
  assert.equal(valueIn(await ask(serverOf(), solicit), OPTION.vendorClass), undefined)
})

test('CONFIRM is told whether the network is still the same', async () => {
  assert.equal(statusIn(await ask(serverOf(), confirm, { address: 'fd77::100' })), 0)
  assert.equal(statusIn(await ask(serverOf(), confirm, { address: 'fd79::100' })), 4)
  assert.equal((await ask(serverOf(), confirm)).reply, undefined)
})

test('RENEW and REBIND of an address that is not theirs end its lifetimes', async () => {
  const server = serverOf()
  await ask(server, solicit, { more: [RAPID] })
  const other = { mac: '52:54:00:77:00:08', address: 'fd77::100' }
  for (const asked of [await ask(server, renew, { ...other, toServer: true }), await ask(server, rebind, other)]) {
    assert.deepEqual(iaOf(asked)?.addresses, [{ address: 'fd77::100', preferredSeconds: 0, validSeconds: 0 }])
  }
  const moved = await ask(server, rebind, { address: 'fd99::1' })
  assert.equal(iaOf(moved)?.addresses[0]?.validSeconds, 0)
})

test('RELEASE frees an address, DECLINE puts it aside', async () => {
  const server = serverOf()
  await ask(server, solicit, { more: [RAPID] })
  assert.equal(statusIn(await ask(server, release, { address: 'fd77::100', toServer: true })), 0)
  assert.equal(server.leases.active().length, 0)
  await ask(server, solicit, { more: [RAPID] })
  await ask(server, decline, { address: 'fd77::100', toServer: true })
  assert.equal(addressIn(await ask(server, solicit, { more: [RAPID] })), 'fd77::101')
})

test('a full pool is told in the association and in words', async () => {
  const server = serverOf()
  for (let n = 10; n < 14; n += 1) await ask(server, solicit, { more: [RAPID], mac: `52:54:00:77:00:${n}` })
  const denied = await ask(server, solicit)
  assert.equal(iaOf(denied)?.status?.code, 2)
  assert.ok(denied.exchange.outcome.kind === 'denied')
  assert.match(denied.exchange.outcome.text, /no address is free: all 4 of the range fd77::100-fd77::103 are leased/)
})

test('a network without a range gives settings, and says that it has no address', async () => {
  const server = serverOf({ subnets: [{ network: HOME.network }] })
  const denied = await ask(server, solicit)
  assert.equal(iaOf(denied)?.status?.code, 2)
  assert.ok(valueIn(denied, OPTION.bootFileUrl) !== undefined)
})

test('messages for another server, without a client or with a server too many are not answered', async () => {
  const server = serverOf()
  const toOther = { code: OPTION.serverId, value: duidOfMac('02:00:00:00:00:09') }
  const toUs = { code: OPTION.serverId, value: SERVER_DUID }
  const rows = [
    await ask(server, request, { address: 'fd77::100', more: [toOther] }),
    await ask(server, request, { address: 'fd77::100' }),
    await ask(server, solicit, { more: [toUs] }),
    await ask(server, solicit, { duid: hex('0004 00') }),
    await ask(server, MESSAGE.reply),
  ]
  for (const { reply, exchange } of rows) {
    assert.deepEqual([reply, exchange.outcome.kind], [undefined, 'ignored'])
  }
})

test('where a lease cannot be kept, nothing is answered', async () => {
  const store = { load: () => [], save: () => Promise.reject(new Error('no space left')) }
  const { reply, exchange } = await ask(serverOf({ store }), solicit, { more: [RAPID] })
  assert.deepEqual([reply, exchange.outcome.kind], [undefined, 'failed'])
})
