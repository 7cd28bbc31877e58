import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DhcpClient } from '../protocols/dhcp/client.ts'
import type { DhcpExchange } from '../protocols/dhcp/exchange.ts'
import { toHex } from '../wire/hex.ts'
import { sparesIpv6Wait } from './ipv6-wait.ts'

const IPXE: DhcpClient = {
  mac: '52:54:00:39:00:c0',
  architectures: [0],
  userClasses: ['iPXE'],
  firmware: 'pxe',
  isIpxe: true,
  ipxeFeatures: new Set(),
  requestedOptions: [],
}

/** The targets of what is sent after one exchange. */
function sentAfter(client: DhcpClient, kind: 'acknowledged' | 'offered'): string[] {
  const sent: string[] = []
  const common = { address: '10.77.0.100', leaseSeconds: 60, answer: { prefix: 24, leaseSeconds: 60 } }
  const outcome =
    kind === 'offered' ? ({ kind, ...common } as const) : ({ kind, state: 'selecting', ...common } as const)
  const exchange: DhcpExchange = { client, transactionId: 1, secondsSinceStart: 0, outcome }
  sparesIpv6Wait(exchange, { send: (_, target) => sent.push(toHex(target)) > 0 })
  return sent
}

test('sparesIpv6Wait() tells iPXE alone, when it has its lease, that there is no IPv6 router', () => {
  assert.deepEqual(sentAfter(IPXE, 'acknowledged'), ['fe80000000000000505400fffe3900c0'])
})

test('sparesIpv6Wait() sends nothing to anybody else, nor before the lease', () => {
  assert.deepEqual(sentAfter({ ...IPXE, isIpxe: false }, 'acknowledged'), [])
  assert.deepEqual(sentAfter(IPXE, 'offered'), [])
})
