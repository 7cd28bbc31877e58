import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import { type ByteSource, memorySource } from '../../storage/byte-source.ts'
import { hex, toHex } from '../../wire/hex.ts'
import { decodeError, decodeOptionAck, encodeAck, encodeError, encodeReadRequest } from './packet.ts'
import { TftpRefusal } from './refusal.ts'
import type { TransferReport } from './report.ts'
import { TftpServer, type TftpServerOptions } from './server.ts'
import { TestClient } from './test-client.ts'

const FILE = Uint8Array.from({ length: 1000 }, (_, index) => index % 251)

/** A server on a free port, with the reports of its transfers. */
async function serve(
  options: Partial<TftpServerOptions> = {},
): Promise<{ server: TftpServer; ended: () => Promise<TransferReport> } & AsyncDisposable> {
  const reports = new EventEmitter()
  const open = async (): Promise<ByteSource> => memorySource(FILE)
  const onTransfer = (report: TransferReport): unknown => reports.emit('report', report)
  const server = await TftpServer.listen({ host: '127.0.0.1', port: 0, open, onTransfer, ...options })
  const ended = async (): Promise<TransferReport> => {
    const [report] = (await once(reports, 'report', { signal: AbortSignal.timeout(5000) })) as [TransferReport]
    return report
  }
  return { server, ended, [Symbol.asyncDispose]: () => server.close() }
}

function request(filename: string, options: Record<string, string> = {}): Uint8Array {
  return encodeReadRequest({ filename, mode: 'octet', options: new Map(Object.entries(options)) })
}

test('TftpServer sends the bytes that open() gives, from a port of its own, and reports them', async () => {
  await using it = await serve()
  await using client = await TestClient.open()
  const report = it.ended()
  client.send(request('boot'), it.server.port)
  const first = await client.next()
  assert.equal(toHex(first.datagram.subarray(0, 4)), '00030001')
  assert.notEqual(first.from.port, it.server.port)
  client.send(encodeAck(1), first.from.port)
  const second = await client.next()
  client.send(encodeAck(2), first.from.port)
  assert.deepEqual(Buffer.concat([first.datagram.subarray(4), second.datagram.subarray(4)]).equals(FILE), true)
  const { filename, outcome, bytes, blocks, blockSize, windowSize, retransmissions } = await report
  const wanted = { filename: 'boot', outcome: 'complete', bytes: 1000, blocks: 2, blockSize: 512, windowSize: 1 }
  assert.deepEqual({ filename, outcome, bytes, blocks, blockSize, windowSize }, wanted)
  assert.equal(retransmissions, 0)
})

test('TftpServer closes the source when the transfer is over', async () => {
  let closed = 0
  const source = { ...memorySource(FILE.subarray(0, 10)), close: async () => void (closed += 1) }
  await using it = await serve({ open: async () => source })
  await using client = await TestClient.open()
  const report = it.ended()
  client.send(request('boot'), it.server.port)
  client.send(encodeAck(1), (await client.next()).from.port)
  assert.equal((await report).outcome, 'complete')
  assert.equal(closed, 1)
})

test('TftpServer calls it asking the size when firmware breaks off after the OACK', async () => {
  await using it = await serve()
  await using client = await TestClient.open()
  const report = it.ended()
  client.send(request('boot', { tsize: '0', blksize: '1456' }), it.server.port)
  const { datagram, from } = await client.next()
  assert.deepEqual(Object.fromEntries(decodeOptionAck(datagram)), { blksize: '1456', tsize: '1000' })
  client.send(encodeError({ code: 8, text: 'User aborted the transfer' }), from.port)
  assert.deepEqual({ ...(await report), peer: 0, milliseconds: 0 }, { ...SIZE_ASKED, peer: 0, milliseconds: 0 })
})

const SIZE_ASKED = {
  filename: 'boot',
  outcome: 'size-asked',
  text: 'User aborted the transfer',
  bytes: 0,
  blocks: 0,
  blockSize: 1456,
  windowSize: 1,
  retransmissions: 0,
}

test('TftpServer names a client that aborts in the middle, with its words', async () => {
  await using it = await serve()
  await using client = await TestClient.open()
  const report = it.ended()
  client.send(request('boot'), it.server.port)
  const { from } = await client.next()
  client.send(encodeAck(1), from.port)
  await client.next()
  client.send(encodeError({ code: 3, text: 'disk full' }), from.port)
  const { outcome, text, bytes } = await report
  assert.deepEqual({ outcome, text, bytes }, { outcome: 'aborted-by-client', text: 'disk full', bytes: 512 })
})

test('TftpServer frees the transfer of a client that closed its port', async () => {
  await using it = await serve()
  const client = await TestClient.open()
  const report = it.ended()
  client.send(request('boot', { timeout: '1' }), it.server.port)
  await client.next()
  await client[Symbol.asyncDispose]()
  assert.equal((await report).outcome, 'client-gone') // at the next try, not after half a minute
})

const refusals = [
  { open: async () => undefined, error: { code: 1, text: 'File not found: boot' }, outcome: 'not-found' },
  {
    open: () => Promise.reject(new TftpRefusal(2, 'Not for you')),
    error: { code: 2, text: 'Not for you' },
    outcome: 'refused',
  },
  {
    open: () => Promise.reject(new Error("EIO: i/o error, open '/srv/secret'")),
    error: { code: 0, text: 'Cannot read the file: see the log of the server' },
    outcome: 'failed',
  },
]
for (const { open, error, outcome } of refusals) {
  test(`TftpServer says "${error.text}" when open() leads there`, async () => {
    await using it = await serve({ open })
    await using client = await TestClient.open()
    const report = it.ended()
    client.send(request('boot'), it.server.port)
    assert.deepEqual(decodeError((await client.next()).datagram), error)
    assert.equal((await report).outcome, outcome)
  })
}

test('TftpServer says so when a file is shorter than it was', async () => {
  const source = { ...memorySource(FILE.subarray(0, 600)), size: 1000 }
  await using it = await serve({ open: async () => source })
  await using client = await TestClient.open()
  const report = it.ended()
  client.send(request('boot'), it.server.port)
  assert.match(decodeError((await client.next()).datagram).text, /shorter than it was/)
  assert.equal((await report).outcome, 'failed')
})

test('TftpServer begins one transfer for a request that comes twice', async () => {
  let opened = 0
  await using it = await serve({ open: async () => memorySource(FILE.subarray(0, (opened += 1))) })
  await using client = await TestClient.open()
  client.send(request('boot'), it.server.port)
  client.send(request('boot'), it.server.port)
  await client.next()
  assert.equal(await client.countFor(100), 0)
  assert.equal(opened, 1)
})

test('TftpServer answers a request that comes again in earnest once more', async () => {
  await using it = await serve()
  await using client = await TestClient.open()
  client.send(request('boot'), it.server.port)
  await client.next()
  await client.countFor(250)
  client.send(request('boot'), it.server.port)
  assert.equal(toHex((await client.next(400)).datagram.subarray(0, 4)), '00030001')
})

test('TftpServer sends a few packets, and then nothing more, to an address that never confirms', async () => {
  await using it = await serve()
  await using client = await TestClient.open()
  const report = it.ended()
  client.send(request('boot'), it.server.port)
  assert.deepEqual([await client.countFor(900), await client.countFor(3000)], [1, 3])
  await it.server.close()
  assert.equal((await report).bytes, 0)
  assert.equal(await client.countFor(50), 4) // the last one says that the server was stopped
})

test('TftpServer answers from the port that was asked where it has but one', async () => {
  await using it = await serve({ onePort: true })
  await using one = await TestClient.open()
  await using two = await TestClient.open()
  for (const client of [one, two]) client.send(request('boot', { blksize: '600' }), it.server.port)
  for (const client of [one, two]) {
    const { datagram, from } = await client.next()
    assert.deepEqual(Object.fromEntries(decodeOptionAck(datagram)), { blksize: '600' })
    assert.equal(from.port, it.server.port)
  }
  for (const block of [0, 1]) {
    for (const client of [one, two]) client.send(encodeAck(block), it.server.port)
    for (const client of [one, two]) {
      const { datagram, from } = await client.next()
      assert.deepEqual(datagram.subarray(4), Buffer.from(FILE.subarray(block * 600, block * 600 + 600)))
      assert.equal(from.port, it.server.port)
    }
  }
})

test('TftpServer answers no more requests in a second than it may', async () => {
  await using it = await serve({ maxPerSecond: 3 })
  await using client = await TestClient.open()
  await client.countFor(1000 - (performance.now() % 1000) + 5) // a second begins
  for (let count = 0; count < 20; count += 1) client.send(hex('0002 6100 6f6374657400'), it.server.port)
  assert.equal(await client.countFor(300), 3)
})

test('TftpServer replaces a transfer when its client asks for something else from the same port', async () => {
  await using it = await serve()
  await using client = await TestClient.open()
  const first = it.ended()
  client.send(request('one'), it.server.port)
  await client.next()
  client.send(request('two'), it.server.port)
  const { filename, outcome } = await first
  assert.deepEqual({ filename, outcome }, { filename: 'one', outcome: 'stopped' })
})

test('TftpServer refuses more transfers than it may have, in all and to one peer', async () => {
  for (const bound of [{ maxTransfers: 1 }, { maxTransfersPerPeer: 1 }]) {
    await using it = await serve(bound)
    await using one = await TestClient.open()
    await using two = await TestClient.open()
    one.send(request('boot'), it.server.port)
    await one.next()
    two.send(request('boot'), it.server.port)
    assert.match(decodeError((await two.next()).datagram).text, /^Server busy: 1 transfers .*try again later$/)
  }
})

test('TftpServer answers a request to write, and one it cannot read, with one ERROR', async () => {
  await using it = await serve()
  await using client = await TestClient.open()
  client.send(hex('0002 6100 6f6374657400'), it.server.port) // WRQ "a" octet
  const write = decodeError((await client.next()).datagram)
  assert.deepEqual(write, { code: 2, text: 'Cannot write: this server only sends files' })
  client.send(hex('0001 6100 6d61696c00'), it.server.port) // RRQ "a" mail
  assert.match(decodeError((await client.next()).datagram).text, /mode is "mail", want octet or netascii/)
})

test('TftpServer answers nothing that is no request, and goes on', async () => {
  await using it = await serve()
  await using client = await TestClient.open()
  for (const noise of ['', '00', '0003 0001 aa', '0004 0001', '0005 0001 6100', '0006 6100', 'ffff ffff']) {
    client.send(hex(noise), it.server.port)
  }
  assert.equal(await client.countFor(100), 0)
  client.send(request('boot'), it.server.port)
  assert.equal((await client.next()).datagram.byteLength, 516)
})

test('TftpServer serves others while a slow disk is read for one', async () => {
  const slow = { ...memorySource(FILE), read: () => new Promise<number>((resolve) => setTimeout(resolve, 400, 1000)) }
  await using it = await serve({ open: async ({ filename }) => (filename === 'slow' ? slow : memorySource(FILE)) })
  await using waiting = await TestClient.open()
  await using client = await TestClient.open()
  waiting.send(request('slow'), it.server.port)
  await client.countFor(20)
  client.send(request('boot'), it.server.port)
  assert.equal((await client.next(200)).datagram.byteLength, 516)
  assert.equal((await waiting.next(1000)).datagram.byteLength, 516)
})

test('TftpServer sends text as netascii', async () => {
  await using it = await serve({ open: async () => memorySource(Buffer.from('a\nb')) })
  await using client = await TestClient.open()
  client.send(encodeReadRequest({ filename: 'x', mode: 'netascii', options: new Map() }), it.server.port)
  assert.equal((await client.next()).datagram.subarray(4).toString(), 'a\r\nb')
})

test('TftpServer answers from the address that it was given', async () => {
  await using it = await serve({ host: '127.0.0.2' })
  await using client = await TestClient.open()
  client.send(request('boot'), it.server.port, '127.0.0.2')
  assert.equal((await client.next()).from.address, '127.0.0.2')
})

test('close() tells the clients and waits for their transfers', async () => {
  const it = await serve()
  await using client = await TestClient.open()
  const report = it.ended()
  client.send(request('boot'), it.server.port)
  await client.next()
  await it.server.close()
  assert.equal((await report).outcome, 'stopped')
  assert.match(decodeError((await client.next()).datagram).text, /the server was stopped/)
  await it.server.close()
})

test('listen() names the program that has the port', async () => {
  await using it = await serve()
  await assert.rejects(serve({ port: it.server.port }), (error: Error) => {
    assert.match(
      error.message,
      new RegExp(`serve TFTP on 127.0.0.1: UDP port ${it.server.port} is in use by .*pid ${process.pid}`),
    )
    return true
  })
})
