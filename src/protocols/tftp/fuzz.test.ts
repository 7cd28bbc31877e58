import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '../../storage/byte-source.ts'
import { HotChunks } from '../../storage/hot-chunks.ts'
import { WireError } from '../../wire/error.ts'
import { hex } from '../../wire/hex.ts'
import { FUZZ_COUNT, mutations, randomNumbers } from '../../wire/mutations.ts'
import type { Channel, ChannelEvents } from './channel.ts'
import { readTftpName } from './names.ts'
import { negotiate } from './negotiate.ts'
import {
  decodeAck,
  decodeError,
  decodeOptionAck,
  decodeReadRequest,
  encodeAck,
  encodeError,
  opcodeOf,
} from './packet.ts'
import { Transfer } from './transfer.ts'

const rrq = (text: string): Uint8Array => Buffer.from(`\0\x01${text}`, 'latin1')

/** As clients send them: PXE of Intel's firmware, OVMF, U-Boot, iPXE, a Raspberry Pi, tftp-hpa, curl. */
const SPECIMENS = [
  rrq('undionly.kpxe\0octet\0tsize\x000\0'),
  rrq('snponly.efi\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0'),
  rrq('8f3a2b1c/start4.elf\0octet\0tsize\x000\0blksize\x001024\0'),
  rrq('pxelinux.cfg/01-dc-a6-32-01-02-03\0octet\0timeout\x005\0tsize\x000\0blksize\x001408\0'),
  rrq('boot\\x64\\wdsnbp.com\0netascii\0'),
  rrq('grub/grub.cfg-C0A8025B\0OCTET\0blksize\x0065464\0timeout\x006\0'),
  hex('0004 0001'),
  hex('0004 ffff'),
  hex('0005 0008 5573657220616261727465642000'),
  hex('0006 626c6b73697a6500 3134363800'),
  hex('0003 0001 aabbccdd'),
  hex('0002 6100 6f6374657400'),
]

test(`the codec reads ${FUZZ_COUNT} damaged packets, or says what is wrong with them`, () => {
  const decoders = [decodeReadRequest, decodeAck, decodeError, decodeOptionAck]
  let read = 0
  for (const packet of mutations(SPECIMENS)) {
    for (const decode of decoders) {
      try {
        decode(packet)
        read += 1
      } catch (error) {
        assert.ok(error instanceof WireError, Buffer.from(packet).toString('hex'))
        assert.ok(encodeError({ code: 4, text: error.message }).byteLength < 1000)
      }
    }
  }
  assert.ok(read > FUZZ_COUNT / 5, `${read} were read: else nothing behind the codec is tried`)
})

test('no options and no names that clients can think of lead out of bounds', () => {
  for (const packet of mutations(SPECIMENS, FUZZ_COUNT, 2)) {
    if (opcodeOf(packet) !== 1) continue
    try {
      const { filename, options } = decodeReadRequest(packet)
      const { blockSize, windowSize, timeoutMs } = negotiate(options, 1_000_000)
      assert.ok(blockSize >= 8 && blockSize <= 65_464 && windowSize >= 1)
      assert.ok(windowSize === 1 || blockSize * windowSize <= 128 * 1024)
      assert.ok(timeoutMs === undefined || (timeoutMs >= 1000 && timeoutMs <= 30_000))
      const name = readTftpName(filename)
      assert.ok(name.kind !== 'own' || !name.file.split('/').includes('..'), filename)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
    }
  }
})

/** A channel that counts what goes out. */
class CountingChannel implements Channel {
  events: ChannelEvents | undefined
  bytes = 0
  closed = false

  listen(events: ChannelEvents): void {
    this.events = events
  }
  send(datagram: Uint8Array): void {
    this.bytes += datagram.byteLength
  }
  sendRun(datagrams: Uint8Array): void {
    this.bytes += datagrams.byteLength
  }
  close(): void {
    this.closed = true
  }
}

test('transfers live through damaged packets and wild ACKs, and send a window for one at most', async () => {
  const random = randomNumbers(3)
  const source = memorySource(new Uint8Array(10_000_000))
  const signal = new AbortController().signal
  const agreement = negotiate(new Map([['windowsize', '4']]), source.size)
  const mostBytes = 4 * (512 + 4) + 200
  let channel = new CountingChannel()
  let runs: Promise<unknown>[] = []
  const begin = (): void => {
    channel = new CountingChannel()
    const options = { source, agreement, channel, chunks: new HotChunks(), onConfirmed: () => undefined, signal }
    runs.push(new Transfer(options).run())
  }
  begin()
  for (const packet of mutations(SPECIMENS.slice(6))) {
    const before = channel.bytes
    channel.events?.datagram(random(2) === 0 ? packet : encodeAck(random(40)))
    assert.ok(channel.bytes - before <= mostBytes, `${channel.bytes - before} bytes for one packet`)
    if (channel.closed) begin()
  }
  channel.events?.datagram(hex('0005 0000 00'))
  assert.ok(runs.length > 100, 'some ended it')
  await Promise.all(runs)
  runs = []
})
