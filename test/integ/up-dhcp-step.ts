// Sends one DHCP message as iPXE does and prints what it was answered, as JSON; nothing if no answer comes in a second.
// Run inside of a machine's network namespace: up-dhcp-step.ts CARD MAC discover|request ADDRESS SERVER
import { decodeMessage, encodeMessage } from '../../src/protocols/dhcp/packet.ts'
import { IPXE, option, rawOption, readOption } from '../../src/protocols/dhcp/options.ts'
import { clientMessage } from '../../src/protocols/dhcp/testing.ts'
import { openDeviceSocket } from '../../src/sys/device-socket.ts'

const [card = '', mac = '', type = '', address = '', server = ''] = process.argv.slice(2)
const ipxe = new Map([
  [IPXE.http, Uint8Array.of(1)],
  [IPXE.busId, Uint8Array.of(1, 0x80, 0x86, 0x10, 0x0e)],
])
const message = clientMessage(type === 'discover' ? 'discover' : 'request', {
  mac,
  transactionId: Math.floor(Math.random() * 0xffff_ffff),
  options: [
    rawOption(option.vendorClass, 'PXEClient:Arch:00000:UNDI:002001'),
    rawOption(option.userClass, ['iPXE']),
    rawOption(option.architectures, [0]),
    rawOption(option.uuid, `5254dead-beef-0000-0000-${mac.replaceAll(':', '')}`),
    rawOption(option.ipxe, ipxe),
    ...(type === 'discover'
      ? []
      : [rawOption(option.requestedAddress, address), rawOption(option.serverIdentifier, server)]),
  ],
})
const { socket } = await openDeviceSocket({ interface: card, address: '0.0.0.0', port: 68 })
socket.on('message', (datagram) => {
  const reply = decodeMessage(datagram)
  if (reply.transactionId !== message.transactionId) return
  const { options } = reply
  const told = {
    type: readOption(options, option.messageType),
    address: reply.yourAddress,
    bootFile: readOption(options, option.bootFileName) ?? reply.bootFile,
    hostName: readOption(options, option.hostName),
    server: readOption(options, option.serverIdentifier),
  }
  process.stdout.write(JSON.stringify(told))
  socket.close()
})
socket.send(encodeMessage(message), 67, '255.255.255.255')
setTimeout(() => process.exit(), 1000).unref() // the socket keeps it alive until then
