import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { FUZZ_COUNT, mutations } from '../../wire/mutations.ts'
import { type PlainRequest, readPlainRequest } from './plain-request.ts'

const IPXE =
  'GET /boot.ipxe?mac=52:54 HTTP/1.1\r\nConnection: keep-alive\r\nUser-Agent: iPXE/1.21.1\r\nHost: 10.0.0.1\r\n\r\n'
const read = (text: string): PlainRequest | undefined => readPlainRequest(Buffer.from(text, 'latin1'))

test('readPlainRequest() reads what iPXE asks, and leaves what follows', () => {
  assert.deepEqual(read(`${IPXE}GET /next`), {
    method: 'GET',
    url: '/boot.ipxe?mac=52:54',
    headers: { connection: 'keep-alive', 'user-agent': 'iPXE/1.21.1', host: '10.0.0.1' },
    version: '1.1',
    keepAlive: true,
    length: IPXE.length,
  })
})

test('readPlainRequest() knows who wants the connection kept, RFC 9112 §9.3', () => {
  const kept = (version: string, field: string): boolean | undefined =>
    read(`GET / HTTP/${version}\r\n${field}\r\n`)?.keepAlive
  assert.deepEqual([kept('1.1', ''), kept('1.1', 'Connection: Close\r\n')], [true, false])
  assert.deepEqual([kept('1.0', ''), kept('1.0', 'Connection: Keep-Alive\r\n')], [false, true])
})

const left: readonly (readonly [string, string])[] = [
  ['a part of a request', IPXE.slice(0, -1)],
  ['a body', 'GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n'],
  ['a body in chunks', 'GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a field in two lines', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n'],
  ['a bare LF', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
  ['a bare LF after a field', 'GET / HTTP/1.1\r\nHost: a\n\r\n'],
  ['a bare CR', 'GET / HTTP/1.1\r\nA: b\rContent-Length: 5\r\n\r\n'],
  ['a NUL', 'GET / HTTP/1.1\r\nA: b\0\r\n\r\n'],
  ['a space before the colon', 'GET / HTTP/1.1\r\nContent-Length : 5\r\n\r\n'],
  ['a field twice', 'GET / HTTP/1.1\r\nRange: bytes=0-1\r\nrange: bytes=2-3\r\n\r\n'],
  ['an upgrade', 'GET / HTTP/1.1\r\nConnection: Upgrade\r\n\r\n'],
  ['an expectation', 'GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n'],
  ['the target of a proxy', 'GET http://a/ HTTP/1.1\r\n\r\n'],
  ['another method', 'POST / HTTP/1.1\r\n\r\n'],
  ['another version', 'GET / HTTP/2.0\r\n\r\n'],
  ['a line before it', '\r\nGET / HTTP/1.1\r\n\r\n'],
  ['8 KiB of headers', `GET / HTTP/1.1\r\nA: ${'x'.repeat(8192)}\r\n\r\n`],
]
for (const [what, text] of left) {
  test(`readPlainRequest() leaves ${what} to others`, () => assert.equal(read(text), undefined))
}

/** What `node:http` made of a request. */
interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly version: string
  readonly headers: IncomingHttpHeaders
}

/** A connection without a network. */
class Wire extends Duplex {
  override _read(): void {}
  override _write(_bytes: unknown, _encoding: string, done: () => void): void {
    done()
  }
}

/** All that `node:http` reads out of these bytes; `undefined` stands for an error. */
function readByNode(server: Server, bytes: Uint8Array): Promise<(Seen | undefined)[]> {
  const wire = new Wire()
  const seen: (Seen | undefined)[] = []
  SEEN.set(wire, seen)
  return new Promise((resolve) => {
    wire.once('close', () => resolve(seen))
    server.emit('connection', wire)
    wire.push(bytes)
    wire.push(null)
  })
}

const SEEN = new WeakMap<object, (Seen | undefined)[]>()

function nodeReader(): Server {
  const server = createServer(
    { requireHostHeader: false },
    ({ method, url, httpVersion, headers, socket }, response) => {
      SEEN.get(socket)?.push({ method, url, version: httpVersion, headers })
      response.end()
    },
  )
  return server.on('clientError', (_, socket) => {
    SEEN.get(socket)?.push(undefined)
    socket.destroy()
  })
}

const SEEDS = [
  IPXE,
  'HEAD /loader/snponly.efi HTTP/1.1\r\nHost: 10.0.0.1\r\nAccept: */*\r\nUser-Agent: UefiHttpBoot/1.0\r\n\r\n',
  'GET /kernel HTTP/1.1\r\nHost: 10.0.0.1\r\nUser-Agent: GRUB 2.06\r\nRange: bytes=32768-\r\nIf-Range: "a"\r\n\r\n',
  'GET /f HTTP/1.0\r\nConnection: keep-alive\r\nX-A:\r\nX-B:  two \r\n\r\n',
  ...left.map(([, text]) => text.slice(0, 300)),
]

const NEXT = 'GET /next HTTP/1.1\r\n\r\n'

test(`readPlainRequest() takes of ${FUZZ_COUNT} damaged requests only those that node:http takes, in the same sense`, async () => {
  const server = nodeReader()
  let taken = 0
  for (const bytes of mutations(
    SEEDS.map((text) => Buffer.from(text, 'latin1')),
    FUZZ_COUNT,
    9,
  )) {
    const plain = readPlainRequest(Buffer.from(bytes))
    if (plain === undefined) continue
    taken += 1
    const { method, url, version, headers, keepAlive, length } = plain
    const own = Buffer.from(bytes.subarray(0, length))
    // What node reads next tells where it thinks that this request ends.
    const seen = await readByNode(server, keepAlive ? Buffer.concat([own, Buffer.from(NEXT)]) : own)
    const next = { method: 'GET', url: '/next', version: '1.1', headers: {} }
    const wanted = [{ method, url, version, headers }, ...(keepAlive ? [next] : [])]
    assert.deepEqual(seen, wanted, JSON.stringify(own.toString('latin1')))
  }
  assert.ok(taken > FUZZ_COUNT / 50, `${taken} were taken`)
})
