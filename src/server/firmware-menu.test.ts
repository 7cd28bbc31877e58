import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { parseConfig } from '../config/load.ts'
import { LeasePool } from '../protocols/dhcp/lease-pool.ts'
import { IPXE, option, rawOption, readOption } from '../protocols/dhcp/options.ts'
import { bootItemOptions, pxe } from '../protocols/dhcp/pxe-options.ts'
import { type DhcpRole, type Handled, handleBootRequest, handleMessage } from '../protocols/dhcp/session.ts'
import { clientMessage } from '../protocols/dhcp/testing.ts'
import { hex } from '../wire/hex.ts'
import { dhcpAnswers } from './dhcp-answers.ts'
import { firstNetwork } from './dhcp-networks.ts'
import { dhcpStory } from './dhcp-story.ts'
import { eventsOf, memoryStory, PC7 } from './testing.ts'

const CONFIG = `interface: eth1
range: 10.0.0.100-10.0.0.199
default: pick
profiles:
  debian: { image: debian }
  rescue: { image: rescue }
  pick: { menu: { timeout: 30s, entries: [debian, local, rescue], shownBy: firmware } }
`
const SERVER = '10.0.0.1'
const UEFI = [
  rawOption(option.vendorClass, 'PXEClient:Arch:00007:UNDI:003016'),
  rawOption(option.architectures, [7]),
  rawOption(option.maximumMessageSize, 1472),
]
type Options = readonly (readonly [number, Uint8Array])[]

/** A server of that configuration, and the story that it tells. */
function serving(t: TestContext, role: DhcpRole) {
  const { config } = parseConfig(CONFIG, 'netroot.yaml')
  const networks = [firstNetwork(config, { interface: 'eth1', server: { address: SERVER, prefix: 24 } })]
  const context = {
    serverAddress: SERVER,
    leases: new LeasePool({ range: config.range }),
    answer: dhcpAnswers(config, { address: SERVER, httpPort: 80, nfsPort: 2049 }, networks),
    role: () => role,
  }
  const { boots, story } = memoryStory(t)
  const tell = dhcpStory(story)
  const told = async (handled: Promise<Handled>) => {
    const { exchange, reply } = await handled
    tell(exchange)
    return reply?.message
  }
  const message = (type: 'discover' | 'request', options: Options, clientAddress = '0.0.0.0') =>
    clientMessage(type, { options, mac: PC7, clientAddress })
  return {
    discover: (options: Options) => told(handleMessage(context, message('discover', options), 'broadcast')),
    boot: (options: Options) => told(handleBootRequest(context, message('request', options, '10.0.0.100'))),
    types: () => eventsOf(boots, boots.list()[0]?.id ?? '').map((event) => event.type),
    chosen: () => story.chosen(boots.list()[0]?.id ?? ''),
  }
}
const taking = (type: number) => rawOption(option.vendorSpecific, bootItemOptions({ type, layer: 0 }))

for (const role of ['server', 'proxy'] as const) {
  test(`dhcpAnswers() as ${role} offers a menu to firmware and, on port 4011, the boot file of what was taken`, async (t) => {
    const { discover, boot, chosen, types } = serving(t, role)
    const offered = await discover(UEFI)
    const inner = offered === undefined ? new Map() : (readOption(offered.options, option.vendorSpecific) ?? new Map())
    assert.equal(readOption(inner, pxe.discoveryControl), 7)
    assert.deepEqual(readOption(inner, pxe.bootMenu), [
      { type: 0x8000, label: 'debian' },
      { type: 0, label: 'the disk of this machine' },
      { type: 0x8002, label: 'rescue' },
    ])
    assert.deepEqual(
      readOption(inner, pxe.bootServers)?.map(({ addresses }) => addresses),
      [[SERVER], [SERVER]],
    )
    assert.deepEqual([offered?.bootFile, offered?.options.has(67)], ['', false], 'else it might be fetched at once')
    const taken = await boot([...UEFI, taking(0x8002)])
    assert.equal(taken?.bootFile, 'snponly.efi')
    assert.deepEqual(taken?.options.get(43), hex('470480020000ff'))
    assert.equal(chosen(), 'rescue')
    assert.deepEqual(types(), ['dhcp.discover', 'dhcp.offer', 'boot.menu', 'dhcp.offer', 'boot.chosen'])
  })
}

test('dhcpAnswers() sends what is not on the menu the menu again, and iPXE and UEFI HTTP boot none', async (t) => {
  const { boot, discover } = serving(t, 'proxy')
  for (const type of [0x8001, 0x8003, 0, 7]) {
    const again = await boot([...UEFI, taking(type)])
    assert.deepEqual([again?.bootFile, readOption(again?.options ?? new Map(), option.bootFileName)], ['', undefined])
  }
  const ipxe = await discover([...UEFI, rawOption(option.ipxe, new Map([[IPXE.http, Uint8Array.of(1)]]))])
  assert.match(ipxe?.bootFile ?? '', /^http:/)
  const http = [
    rawOption(option.vendorClass, 'HTTPClient:Arch:00016:UNDI:003001'),
    rawOption(option.architectures, [16]),
  ]
  assert.match((await discover(http))?.bootFile ?? '', /^http:/)
})
