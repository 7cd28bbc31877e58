import { createSocket } from 'node:dgram'
import { macToBytes } from '../../src/net/mac.ts'
import { encodeDuid } from '../../src/protocols/dhcp6/duid.ts'
import { decodeIaNa, encodeIaNa, OPTION, rawOption, valueOf } from '../../src/protocols/dhcp6/options.ts'
import { decodeDatagram, encodeDatagram, MESSAGE } from '../../src/protocols/dhcp6/packet.ts'

/*
 * One message of a machine's firmware by DHCPv6, with a rapid commit, in the machine's own namespace: CARD MAC VENDOR
 * ARCHITECTURE. Prints address and boot file of the reply as JSON; nothing if none comes within two seconds.
 */
const [card = '', mac = '', vendor = '', architecture = ''] = process.argv.slice(2)
const firmware = [
  rawOption(OPTION.vendorClass, (w) => w.u32(343).u16(vendor.length).bytes(Buffer.from(vendor))),
  rawOption(OPTION.clientArchitecture, (w) => w.u16(Number(architecture))),
]
const options = [
  { code: OPTION.clientId, value: encodeDuid({ kind: 'link-layer', hardware: 1, address: macToBytes(mac) }) },
  { code: OPTION.rapidCommit, value: new Uint8Array() },
  encodeIaNa({ iaid: 1, renewSeconds: 0, rebindSeconds: 0, addresses: [] }),
  rawOption(OPTION.optionRequest, (w) => w.u16(OPTION.bootFileUrl)),
  ...(vendor === '' ? [] : firmware),
]
const message = { type: MESSAGE.solicit, transactionId: 0x123456, options }
const socket = createSocket('udp6')
const timer = setTimeout(() => socket.close(), 2000)
socket.on('message', (datagram) => {
  const reply = decodeDatagram(datagram).message
  const ia = valueOf(reply.options, OPTION.iaNa)
  const url = valueOf(reply.options, OPTION.bootFileUrl)
  const address = ia === undefined ? '' : decodeIaNa(ia).addresses[0]?.address
  process.stdout.write(JSON.stringify({ address, bootFile: url === undefined ? '' : Buffer.from(url).toString() }))
  clearTimeout(timer)
  socket.close()
})
socket.bind(546, () => {
  socket.setMulticastInterface(`::%${card}`)
  socket.send(encodeDatagram({ message, relays: [] }), 547, `ff02::1:2%${card}`)
})
