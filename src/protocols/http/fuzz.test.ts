import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { memorySource } from '../../storage/byte-source.ts'
import { FUZZ_COUNT, mutations } from '../../wire/mutations.ts'
import type { HttpAnswer } from './answer.ts'
import { isContradicted, isSameAsBefore, isUnchanged } from './conditions.ts'
import { readRange } from './range.ts'
import { HttpServer } from './server.ts'
import { readTarget } from './target.ts'

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1')

const TARGETS = [
  '/boot.ipxe',
  '/ipxe?mac=52:54:00:12:34:56&uuid=&busid=01:80:86:10:0e',
  'http://10.0.0.1/a%20b',
  '*',
  '/a/../b',
]
const HEADERS = [
  'bytes=0-65535',
  'bytes=-1',
  'bytes=5-',
  'bytes=0-1,5-6',
  '"abc", W/"def"',
  'Sat, 21 Nov 2026 10:00:00 GMT',
  '*',
]

test(`the readers of targets and headers live through ${FUZZ_COUNT} damaged ones`, () => {
  const now = { tag: 'abc', modified: new Date() }
  for (const bytes of mutations([...TARGETS, ...HEADERS].map(text))) {
    const value = Buffer.from(bytes).toString('latin1')
    const target = readTarget(value)
    assert.ok(target === undefined || target.path.startsWith('/'))
    const wish = readRange(value, 1000)
    assert.ok(wish.kind !== 'part' || (wish.start >= 0 && wish.start < wish.end && wish.end <= 1000), value)
    for (const check of [isUnchanged, isSameAsBefore, isContradicted]) {
      check({ 'if-none-match': value, 'if-range': value, 'if-match': value, 'if-modified-since': value }, now)
    }
  }
})

/** As clients send them: iPXE, OVMF, GRUB, busybox wget, a report of the initramfs. */
const REQUESTS = [
  'GET /boot.ipxe HTTP/1.1\r\nConnection: keep-alive\r\nUser-Agent: iPXE/1.21.1\r\nHost: 10.0.0.1\r\n\r\n',
  'HEAD /loader/snponly.efi HTTP/1.1\r\nHost: 10.0.0.1\r\nAccept: */*\r\nUser-Agent: UefiHttpBoot/1.0\r\n\r\n',
  'GET /kernel HTTP/1.1\r\nHost: 10.0.0.1\r\nUser-Agent: GRUB 2.06\r\nRange: bytes=32768-\r\n\r\n',
  'GET /f HTTP/1.1\r\nHost: 10.0.0.1\r\nUser-Agent: Wget\r\nConnection: close\r\nRange: bytes=5-\r\n\r\n',
  'POST /report/k7m2qa HTTP/1.0\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\ninit\nkernel 6',
  'POST /report/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ninit\r\n0\r\n\r\n',
].map(text)

/** On connections of their own: node's parser costs more than ours. */
const RAW_COUNT = Math.ceil(FUZZ_COUNT / 50)

async function route({ method }: { readonly method: string }): Promise<HttpAnswer> {
  if (method === 'POST') return { kind: 'post', accept: async () => ({ kind: 'text', text: '' }) }
  return { kind: 'source', source: memorySource(new Uint8Array(100_000)), tag: 'abc' }
}

/** Sends bytes, ends, and counts what comes back. */
async function bytesFor(port: number, request: Uint8Array): Promise<number> {
  let bytes = 0
  const socket = connect(port, '127.0.0.1').on('error', () => undefined) // a reset is an answer too
  socket.on('data', (chunk: Buffer) => (bytes += chunk.byteLength))
  socket.end(request)
  await once(socket, 'close', { signal: AbortSignal.timeout(10_000) })
  return bytes
}

test(`HttpServer lives through ${RAW_COUNT} damaged requests, and sends a file once for each at most`, async () => {
  await using server = await HttpServer.listen({ host: '127.0.0.1', port: 0, route })
  const requests = mutations(REQUESTS, RAW_COUNT, 4)
  let answered = 0
  const worker = async (): Promise<void> => {
    for (const request of requests) {
      const asked = Buffer.from(request).toString('latin1').split('GET').length
      const bytes = await bytesFor(server.port, request)
      assert.ok(
        bytes <= asked * 101_000,
        `${bytes} bytes for ${JSON.stringify(Buffer.from(request).toString('latin1'))}`,
      )
      if (bytes > 0) answered += 1
    }
  }
  await Promise.all(Array.from({ length: 20 }, worker))
  assert.ok(answered > RAW_COUNT / 3, `${answered} were answered`)
  assert.equal((await fetch(`http://127.0.0.1:${server.port}/x`)).headers.get('content-length'), '100000')
})
