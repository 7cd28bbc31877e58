import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WireError } from '../../wire/error.ts'
import { hex } from '../../wire/hex.ts'
import { FUZZ_COUNT, mutations } from '../../wire/mutations.ts'
import { OPTION, rawOption } from './options.ts'
import { type Dhcp6Datagram, decodeDatagram, encodeDatagram, MESSAGE } from './packet.ts'
import { handleDatagram } from './session.ts'
import { messageOf, relayOf, serverOf } from './testing.ts'

const PXE = 'PXEClient:Arch:00007:UNDI:003016'
const FIRMWARE = [
  rawOption(OPTION.vendorClass, (w) => w.u32(343).u16(PXE.length).bytes(Buffer.from(PXE))),
  rawOption(OPTION.clientArchitecture, (w) => w.u16(7)),
  rawOption(OPTION.networkInterface, (w) => w.u8(1).u8(3).u8(16)),
  rawOption(OPTION.userClass, (w) => w.u16(4).bytes(Buffer.from('iPXE'))),
]
const MAC = hex('525400770007')
const RELAYS = [relayOf('::', 'fd78::2'), relayOf('fd79::1', 'fe80::5054:ff:fe77:7', MAC)]

const SPECIMENS = [
  messageOf(MESSAGE.solicit, { more: FIRMWARE }),
  messageOf(MESSAGE.solicit, { more: [{ code: OPTION.rapidCommit, value: new Uint8Array() }] }),
  messageOf(MESSAGE.request, { address: 'fd77::100', toServer: true }),
  messageOf(MESSAGE.renew, { address: 'fd77::101', toServer: true }),
  messageOf(MESSAGE.rebind, { address: 'fd79::100' }),
  messageOf(MESSAGE.release, { address: 'fd77::100', toServer: true }),
  messageOf(MESSAGE.decline, { address: 'fd77::102', toServer: true }),
  messageOf(MESSAGE.confirm, { address: 'fd77::100' }),
  messageOf(MESSAGE.informationRequest, { address: null }),
  messageOf(MESSAGE.solicit, { relays: RELAYS }),
  messageOf(MESSAGE.solicit, { relays: Array.from({ length: 8 }, () => relayOf('fd79::1', 'fe80::1')) }),
].map((one) => encodeDatagram(one, MESSAGE.relayForward))

/** What a boot server has to tell: settings and a URL. An answer is never longer than its question by more than this. */
const SETTINGS_BYTES = 320

function decoded(bytes: Uint8Array): Dhcp6Datagram | undefined {
  try {
    return decodeDatagram(bytes)
  } catch (error) {
    assert.ok(error instanceof WireError, `${String(error)} for ${Buffer.from(bytes).toString('hex')}`)
    return undefined
  }
}

test(`handleDatagram() survives ${FUZZ_COUNT} mutations: no crash, no growth, no amplification`, async () => {
  const server = serverOf()
  let [read, answered] = [0, 0]
  for (const bytes of mutations(SPECIMENS)) {
    const datagram = decoded(bytes)
    if (datagram === undefined) continue
    read += 1
    const { reply, exchange } = await handleDatagram(server, datagram, 'fe80::5054:ff:fe77:7')
    assert.notEqual(exchange.outcome.kind, 'failed', Buffer.from(bytes).toString('hex'))
    if (reply === undefined) continue
    answered += 1
    const { byteLength } = encodeDatagram(reply)
    assert.ok(byteLength <= bytes.byteLength + SETTINGS_BYTES, `${byteLength} bytes for ${bytes.byteLength}`)
    assert.ok(reply.relays.length === datagram.relays.length)
  }
  assert.ok(read > FUZZ_COUNT / 20 && answered > FUZZ_COUNT / 50, `${read} could be read, ${answered} were answered`)
  assert.ok(server.leases.active().length <= 8, 'more leases than addresses')
})
