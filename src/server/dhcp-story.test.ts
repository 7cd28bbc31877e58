import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeClient } from '../protocols/dhcp/client.ts'
import type { DhcpExchange, Outcome } from '../protocols/dhcp/exchange.ts'
import { IPXE, type MessageType, option, rawOption } from '../protocols/dhcp/options.ts'
import { clientMessage } from '../protocols/dhcp/testing.ts'
import { dhcpStory, eventsOf } from './dhcp-story.ts'
import * as testing from './testing.ts'

const FIRMWARE = [
  rawOption(option.vendorClass, 'PXEClient:Arch:00007:UNDI:003016'),
  rawOption(option.architectures, [7]),
]
const BUS = new Map([[IPXE.busId, Uint8Array.of(1, 0x80, 0x86, 0x10, 0x0e)]])
const ANSWER = { prefix: 24, leaseSeconds: 600, bootFile: 'snponly.efi' }

function exchange(received: MessageType, outcome: Outcome, options = FIRMWARE, relayAddress = '0.0.0.0'): DhcpExchange {
  const client = describeClient(clientMessage(received, { options, mac: testing.PC7, relayAddress }))
  return { client, transactionId: 1, secondsSinceStart: 0, received, outcome }
}

test('eventsOf() tells a DISCOVER and the OFFER that answered it', () => {
  const offered = { kind: 'offered', address: '10.0.0.7', leaseSeconds: 600, answer: ANSWER } as const
  assert.deepEqual(eventsOf(exchange('discover', offered), 5), [
    { type: 'dhcp.discover', at: 5, speaker: 'firmware', architecture: 7 },
    { type: 'dhcp.offer', at: 5, speaker: 'firmware', address: '10.0.0.7', bootFile: 'snponly.efi' },
  ])
})

test('eventsOf() tells the card and the relay of a DISCOVER', () => {
  const options = [...FIRMWARE, rawOption(option.userClass, ['iPXE']), rawOption(option.ipxe, BUS)]
  const silence = { kind: 'ignored', reason: 'pool-full', text: 'no address is free' } as const
  assert.deepEqual(eventsOf(exchange('discover', silence, options, '10.9.0.1'), 5), [
    { type: 'dhcp.discover', at: 5, speaker: 'ipxe', architecture: 7, busId: '01:80:86:10:0e', relay: '10.9.0.1' },
    { type: 'dhcp.unanswered', at: 5, speaker: 'ipxe', reason: 'no address is free' },
  ])
})

test('eventsOf() tells what became of a REQUEST', () => {
  const told = (outcome: Outcome): unknown => eventsOf(exchange('request', outcome), 5)
  const when = { at: 5, speaker: 'firmware' }
  const granted = { kind: 'acknowledged', state: 'selecting', address: '10.0.0.7', leaseSeconds: 600 } as const
  assert.deepEqual(told({ ...granted, answer: { prefix: 24, leaseSeconds: 600 } }), [
    { type: 'dhcp.ack', ...when, address: '10.0.0.7', leaseSeconds: 600 },
  ])
  assert.deepEqual(told({ kind: 'denied', address: '10.0.0.9', text: 'taken' }), [
    { type: 'dhcp.nak', ...when, address: '10.0.0.9', reason: 'taken' },
  ])
  assert.deepEqual(told({ kind: 'ignored', reason: 'other-server', text: 'x', server: '10.0.0.2' }), [
    { type: 'dhcp.other-server', ...when, server: '10.0.0.2' },
  ])
  assert.deepEqual(told({ kind: 'failed', text: 'Cannot save leases', error: new Error('x') }), [
    { type: 'dhcp.unanswered', ...when, reason: 'the server failed: Cannot save leases' },
  ])
})

test('eventsOf() leaves out what is no part of a boot', () => {
  assert.deepEqual(eventsOf(exchange('release', { kind: 'released', address: '10.0.0.7' }), 5), [])
  assert.deepEqual(eventsOf(exchange('request', { kind: 'ignored', reason: 'malformed', text: 'x' }), 5), [])
})

test('dhcpStory() begins a boot with the first packet of firmware, and none for a running system', (t) => {
  const { boots, story } = testing.memoryStory(t)
  const tell = dhcpStory(story)
  const offered = { kind: 'offered', address: '10.0.0.7', leaseSeconds: 600, answer: ANSWER } as const
  tell(exchange('discover', offered, [rawOption(option.vendorClass, 'dhcpcd-9.4.1')]))
  assert.deepEqual(boots.list(), [])
  tell(exchange('discover', offered))
  const [boot] = boots.list()
  assert.deepEqual([boot?.name, boot?.address, boot?.machine.architecture], ['pc7', '10.0.0.7', 7])
})

test('dhcpStory() tells once that a machine is sent another loader', (t) => {
  const { boots, story } = testing.memoryStory(t)
  const tell = dhcpStory(story, undefined, ({ mac }) => mac === testing.PC7)
  const offered = { kind: 'offered', address: '10.0.0.7', leaseSeconds: 600, answer: ANSWER } as const
  for (let times = 0; times < 2; times += 1) tell(exchange('discover', offered))
  const told = boots.list().flatMap(({ id }) => testing.eventsOf(boots, id).map(({ type }) => type))
  assert.deepEqual(told, ['dhcp.discover', 'dhcp.offer', 'boot.loader', 'dhcp.discover', 'dhcp.offer'])
})
