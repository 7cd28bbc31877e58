import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../config/error.ts'
import { parseConfig } from '../config/load.ts'
import { describeClient6 } from '../protocols/dhcp6/client.ts'
import type { Dhcp6Client } from '../protocols/dhcp6/client.ts'
import { messageOf } from '../protocols/dhcp6/testing.ts'
import { dhcp6Answers } from './dhcp6-answers.ts'
import { eventsOf6 } from './dhcp6-story.ts'

const SERVER = { address: 'fd77::1', httpPort: 80, nfsPort: 2049 }
const YAML = `interface: eth1
range: 10.0.0.100-10.0.0.199
domain: lab.example
profiles: { debian: { image: debian } }
ipv6: { prefix: "fd77::/64", range: "fd77::100-fd77::1ff", dns: ["fd77:0::53"] }
`
const { config } = parseConfig(YAML, 'netroot.yaml')
const NETWORK = {
  network: { address: 'fd77::', prefix: 64 },
  lease: 600,
  domain: 'lab.example',
  dns: ['fd77::53'],
  ntp: [],
}
const PLAIN = describeClient6(messageOf(1), 'fe80::5054:ff:fe77:7')

function answerTo(client: Partial<Dhcp6Client>, options: { readonly loader?: boolean; readonly yaml?: string } = {}) {
  const loaded = options.yaml === undefined ? config : parseConfig(options.yaml, 'netroot.yaml').config
  const answer = dhcp6Answers(loaded, SERVER, [NETWORK], () => options.loader === true)
  return answer({ ...PLAIN, ...client }, { key: '52:54:00:77:00:07', link: 'fd77::1' })
}

test('dhcp6Answers() gives each firmware its loader as a URL, and iPXE its script', () => {
  const rows = [
    [{ firmware: 'pxe', architecture: 7 }, 'tftp://[fd77::1]/snponly.efi'],
    [{ firmware: 'http', architecture: 16 }, 'http://[fd77::1]/loader/snponly.efi'],
    [{ firmware: 'http', architecture: 19 }, 'http://[fd77::1]/loader/ipxe-arm64.efi'],
    [{ firmware: 'pxe', architecture: 7, isIpxe: true }, 'http://[fd77::1]/boot.ipxe'],
    [{ firmware: 'none' }, undefined],
    [{ firmware: 'pxe', architecture: 77 }, undefined],
  ] as const
  for (const [client, want] of rows) assert.equal(answerTo(client)?.bootFile, want)
})

test('dhcp6Answers() sends shim to firmware that starts no iPXE', () => {
  assert.equal(
    answerTo({ firmware: 'pxe', architecture: 7 }, { loader: true })?.bootFile,
    'tftp://[fd77::1]/shimx64.efi',
  )
})

test('dhcp6Answers() tells the settings of the network, and nothing to machines that are ignored', () => {
  assert.deepEqual(answerTo({}), {
    leaseSeconds: 600,
    nameServers: ['fd77::53'],
    ntpServers: [],
    domainSearch: ['lab.example'],
  })
  assert.equal(answerTo({}, { yaml: `${YAML}unknown: ignore\n` }), undefined)
})

test('netroot.yaml says what is wrong with ipv6:', () => {
  const rows = [
    ['ipv6: { prefix: "fd77::1/64" }', /prefix: found "fd77::1\/64", want a network such as fd77::\/64/],
    ['ipv6: { prefix: "fd77::/64", range: "fd77::2-fd77::1" }', /range: found .*want the first and the last address/],
    ['ipv6: { prefix: "fd77::/64", pool: "x" }', /found the unknown key "pool", want one of prefix, range, address/],
  ] as const
  for (const [line, want] of rows) {
    const yaml = YAML.replace(/^ipv6.*$/m, line)
    assert.throws(
      () => parseConfig(yaml, 'netroot.yaml'),
      (error) => error instanceof ConfigError && want.test(error.message),
    )
  }
})

test('eventsOf6() tells a solicit that was answered, and one that was not', () => {
  const when = { at: 7, speaker: 'firmware' } as const
  const client: Dhcp6Client = { ...PLAIN, architecture: 7 }
  const answer = { leaseSeconds: 600, bootFile: 'tftp://[fd77::1]/x' }
  const offered = { kind: 'offered', address: 'fd77::100', leaseSeconds: 600, answer } as const
  assert.deepEqual(eventsOf6({ client, received: 'solicit', outcome: offered }, 7, 'firmware'), [
    { type: 'dhcp.discover', ...when, ipv6: true, architecture: 7 },
    { type: 'dhcp.offer', ...when, address: 'fd77::100', bootFile: 'tftp://[fd77::1]/x' },
  ])
  const full = { kind: 'denied', text: 'no address is free' } as const
  assert.deepEqual(eventsOf6({ client, received: 'request', outcome: full }, 7, 'firmware'), [
    { type: 'dhcp.unanswered', ...when, reason: 'no address is free' },
  ])
})
