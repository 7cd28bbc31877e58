// Sends garbage to every port of a server, from inside of a machine's network namespace: up-garbage.ts SERVER SEED COUNT
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeMessage } from '../../src/protocols/dhcp/packet.ts'
import { option, rawOption } from '../../src/protocols/dhcp/options.ts'
import { clientMessage } from '../../src/protocols/dhcp/testing.ts'

const [server = '', seed = '', count = ''] = process.argv.slice(2)

let state = Number(seed)
/** The same numbers in each run. */
function random(below: number): number {
  state = (state * 48_271) % 0x7fff_ffff
  return state % below
}

const DISCOVER = encodeMessage(
  clientMessage('discover', { options: [rawOption(option.vendorClass, 'PXEClient:Arch:00000:UNDI:002001')] }),
)
/** Where a DHCP message has the last byte of its sender's address (chaddr), RFC 2131 §2. */
const LAST_OF_MAC = 33
const REQUESTS = [
  Buffer.from('\0\x01undionly.kpxe\0octet\0'),
  Buffer.from('GET /boot.ipxe HTTP/1.1\r\nHost: x\r\n\r\n'),
  Buffer.from('800000280000000100000000000000020001', 'hex'), // the beginning of a call, RFC 5531
  Buffer.from(DISCOVER),
]

/** Random bytes, or a request of which some bytes are wrong. */
function garbage(): Buffer {
  const model = REQUESTS[random(2 * REQUESTS.length)]
  if (model === undefined) return Buffer.from(Array.from({ length: random(1400) }, () => random(256)))
  const bytes = Buffer.from(model)
  for (let wrong = random(4); wrong > 0; wrong--) bytes[random(bytes.byteLength)] = random(256)
  if (bytes.byteLength === DISCOVER.byteLength) bytes[LAST_OF_MAC] = random(256)
  return bytes
}

async function datagrams(port: number): Promise<void> {
  const socket = createSocket('udp4')
  await once(socket.bind(), 'listening')
  socket.setBroadcast(true)
  for (let sent = 0; sent < Number(count); sent++) {
    const target = port === 67 && random(2) === 0 ? '255.255.255.255' : server
    socket.send(garbage(), port, target, () => undefined)
    if (sent % 50 === 0) await sleep(1)
  }
  await sleep(50)
  socket.close()
}

async function streams(port: number): Promise<void> {
  for (let made = 0; made < Number(count) / 20; made++) {
    const socket = connect(port, server)
    socket.on('error', () => undefined).resume()
    for (let chunks = random(4); chunks >= 0; chunks--) socket.write(garbage())
    if (random(3) > 0) socket.end()
    await sleep(1)
    if (random(2) === 0) socket.destroy()
    else setTimeout(() => socket.destroy(), 500)
  }
}

await Promise.all([datagrams(67), datagrams(69), streams(80), streams(2049)])
