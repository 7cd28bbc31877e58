import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { memorySource } from '../../storage/byte-source.ts'
import type { HttpAnswer, HttpRequest, ResponseReport } from './answer.ts'
import { HttpServer, type HttpServerOptions } from './server.ts'

const FILE = Uint8Array.from({ length: 700_000 }, (_, index) => index % 251)

interface Served extends AsyncDisposable {
  readonly server: HttpServer
  readonly url: string
  /** The next report that is made. */
  reported(): Promise<ResponseReport>
}

/** A server on a free port that answers everything with this. */
async function serve(
  answer: HttpAnswer | undefined | ((request: HttpRequest) => Promise<HttpAnswer | undefined>),
  options: Partial<HttpServerOptions> = {},
): Promise<Served> {
  const reports = new EventEmitter()
  const route = typeof answer === 'function' ? answer : async (): Promise<HttpAnswer | undefined> => answer
  const onResponse = (report: ResponseReport): unknown => reports.emit('report', report)
  const server = await HttpServer.listen({ host: '127.0.0.1', port: 0, route, onResponse, ...options })
  const reported = async (): Promise<ResponseReport> => {
    const [report] = (await once(reports, 'report', { signal: AbortSignal.timeout(5000) })) as [ResponseReport]
    return report
  }
  const url = `http://127.0.0.1:${server.port}/file`
  return { server, url, reported, [Symbol.asyncDispose]: () => server.close() }
}

/** Sends raw text and returns all that comes until the server closes. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(text)
  let came = ''
  socket.on('data', (data: Buffer) => (came += data.toString('latin1')))
  await once(socket, 'close', { signal: AbortSignal.timeout(5000) })
  return came
}

const file = { kind: 'bytes', bytes: FILE, tag: 'abc', immutable: true } as const

test('HttpServer sends a file whole with what a cache needs, and reports it', async () => {
  await using it = await serve(file)
  const report = it.reported()
  const response = await fetch(it.url, { headers: { 'user-agent': 'iPXE/1.21.1' } })
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), FILE)
  assert.equal(response.headers.get('etag'), '"abc"')
  assert.equal(response.headers.get('cache-control'), 'public, max-age=31536000, immutable')
  assert.equal(response.headers.get('accept-ranges'), 'bytes')
  const { peer, milliseconds, ...rest } = await report
  assert.equal(peer.address, '127.0.0.1')
  assert.ok(peer.port > 0 && milliseconds > 0)
  const wanted = { method: 'GET', url: '/file', status: 200, bytes: FILE.byteLength, complete: true }
  assert.deepEqual(rest, { ...wanted, userAgent: 'iPXE/1.21.1' })
})

test('HttpServer spells Content-Length as shim and GRUB look for it', async () => {
  await using it = await serve(file)
  const came = await raw(it.server.port, 'HEAD /file HTTP/1.0\r\n\r\n')
  assert.match(came, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(came, /\r\nContent-Length: 700000\r\n/)
  assert.ok(came.endsWith('\r\n\r\n'), 'no body follows')
})

test('HttpServer sends a range, and the whole where If-Range names another file', async () => {
  await using it = await serve(file)
  const range = { range: 'bytes=300000-300099' }
  const part = await fetch(it.url, { headers: range })
  assert.equal(part.status, 206)
  assert.equal(part.headers.get('content-range'), 'bytes 300000-300099/700000')
  assert.deepEqual(new Uint8Array(await part.arrayBuffer()), FILE.subarray(300_000, 300_100))
  const whole = await fetch(it.url, { headers: { ...range, 'if-range': '"old"' } })
  assert.equal(whole.status, 200)
  assert.equal((await whole.arrayBuffer()).byteLength, FILE.byteLength)
})

test('HttpServer says how many bytes there are where a range lies behind them', async () => {
  await using it = await serve(file)
  const response = await fetch(it.url, { headers: { range: 'bytes=700000-' } })
  assert.equal(response.status, 416)
  assert.equal(response.headers.get('content-range'), 'bytes */700000')
  assert.equal(await response.text(), 'Cannot send that range: there are 700000 bytes\n')
})

test('HttpServer sends nothing that the client has', async () => {
  await using it = await serve(file)
  const response = await fetch(it.url, { headers: { 'if-none-match': '"abc"' } })
  assert.equal(response.status, 304)
  assert.equal(await response.text(), '')
})

test('HttpServer closes a source, whatever the method and the outcome', async () => {
  let [opened, closed] = [0, 0]
  await using it = await serve(async () => {
    opened += 1
    return { kind: 'source', source: { ...memorySource(FILE), close: async () => void (closed += 1) }, tag: 'abc' }
  })
  await (await fetch(it.url)).arrayBuffer()
  await (await fetch(it.url, { method: 'HEAD' })).arrayBuffer()
  await (await fetch(it.url, { method: 'DELETE' })).arrayBuffer()
  await (await fetch(it.url, { headers: { 'if-none-match': '*' } })).arrayBuffer()
  await (await fetch(it.url, { headers: { range: 'bytes=9999999-' } })).arrayBuffer()
  await sleep(20)
  assert.deepEqual([opened, closed], [5, 5])
})

test('HttpServer answers 404 with words, and 405 with the methods there are', async () => {
  await using nothing = await serve(undefined)
  const missing = await fetch(nothing.url)
  assert.deepEqual([missing.status, await missing.text()], [404, 'Not found: /file\n'])
  await using it = await serve(file)
  const refused = await fetch(it.url, { method: 'PUT', body: 'x' })
  assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD'])
  assert.equal(await refused.text(), 'Cannot PUT here, want GET or HEAD\n')
})

test('HttpServer says nothing of its own errors to a client', async () => {
  await using it = await serve(() => Promise.reject(new Error('open /srv/secret')))
  const response = await fetch(it.url)
  assert.deepEqual([response.status, (await response.text()).includes('secret')], [500, false])
})

test('HttpServer gives the route the peer, the address it asked, path and query', async () => {
  await using it = await serve(async ({ peer, localAddress, path, query }) => {
    return { kind: 'text', text: [peer.address, localAddress, path, query.get('mac')].join(' ') }
  })
  const response = await fetch(`http://127.0.0.1:${it.server.port}/a%20b?mac=52:54`)
  assert.equal(await response.text(), '127.0.0.1 127.0.0.1 /a b 52:54\n')
})

test('HttpServer sends a stream as it is made', async () => {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('one ')
    yield Buffer.alloc(0)
    await sleep(5)
    yield Buffer.from('two')
  }
  await using it = await serve({ kind: 'stream', chunks, contentType: 'text/plain' })
  assert.equal(await (await fetch(it.url)).text(), 'one two')
})

test('HttpServer breaks a connection off when a stream fails, so that no half file looks whole', async () => {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half')
    throw new Error('disk gone')
  }
  await using it = await serve({ kind: 'stream', chunks })
  const report = it.reported()
  await assert.rejects(fetch(it.url).then((response) => response.text()))
  assert.equal((await report).complete, false)
})

test('HttpServer breaks a connection off when a file is shorter than it was', async () => {
  await using it = await serve({ kind: 'source', source: { ...memorySource(FILE), size: 800_000 } })
  const report = it.reported()
  await assert.rejects(fetch(it.url).then((response) => response.arrayBuffer()))
  const { complete, bytes } = await report
  assert.deepEqual({ complete, bytes }, { complete: false, bytes: 700_000 })
})

test('HttpServer takes a body that is posted', async () => {
  const accept = async (body: Buffer): Promise<HttpAnswer & { kind: 'text' }> => {
    return { kind: 'text', text: `got ${body.toString()}`, status: 202 }
  }
  await using it = await serve({ kind: 'post', accept })
  const response = await fetch(it.url, { method: 'POST', body: 'alive' })
  assert.deepEqual([response.status, await response.text()], [202, 'got alive\n'])
  const get = await fetch(it.url)
  assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST'])
})

test('HttpServer refuses a body that is too long, told or not', async () => {
  let accepted = 0
  const accept = async (): Promise<HttpAnswer & { kind: 'text' }> => ({ kind: 'text', text: `${(accepted += 1)}` })
  await using it = await serve({ kind: 'post', accept, maxBytes: 1000 })
  const told = `POST /x HTTP/1.1\r\nContent-Length: 1001\r\n\r\n${'x'.repeat(1001)}`
  assert.match(await raw(it.server.port, told), /^HTTP\/1\.1 413 .*want at most 1000 bytes\n$/s)
  const chunked = 'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n'
  const untold = `${chunked}${`1f4\r\n${'x'.repeat(500)}\r\n`.repeat(3)}`
  assert.match(await raw(it.server.port, untold), /^HTTP\/1\.1 413 /)
  assert.equal(accepted, 0)
})

test('HttpServer notices a client that goes away in the middle, and gives the file back', async () => {
  let closed = 0
  const source = { ...memorySource(FILE), size: 1e12, read: (target: Uint8Array) => target.byteLength }
  await using it = await serve({ kind: 'source', source: { ...source, close: async () => void (closed += 1) } })
  const report = it.reported()
  const abort = new AbortController()
  const response = await fetch(it.url, { signal: abort.signal })
  await response.body?.getReader().read()
  abort.abort()
  assert.equal((await report).complete, false)
  assert.equal(closed, 1)
})

test('HttpServer closes a connection on which nothing moves', async () => {
  const source = { ...memorySource(FILE), size: 1e12, read: (target: Uint8Array) => target.byteLength }
  await using it = await serve({ kind: 'source', source }, { idleMs: 200 })
  const report = it.reported()
  const socket = connect(it.server.port, '127.0.0.1')
  socket.pause()
  socket.write('GET /file HTTP/1.1\r\n\r\n') // and never read the answer
  const { complete, bytes } = await report
  assert.equal(complete, false)
  assert.ok(bytes < 64 * 1024 * 1024, 'what a client does not take is not read')
  socket.destroy()
})

test('HttpServer answers garbage with a word and closes', async () => {
  await using it = await serve(file)
  assert.match(await raw(it.server.port, 'garbage\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request\r\n/)
  const long = `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`
  assert.match(await raw(it.server.port, long), /^HTTP\/1\.1 431 |^$/) // or a reset, as the kernel sees it
  assert.match(await raw(it.server.port, 'GET /%ff HTTP/1.0\r\n\r\n'), /Cannot read the path \/%ff/)
  assert.equal((await fetch(it.url)).status, 200)
})

test('close() breaks off what is being sent and waits for it', async () => {
  const source = { ...memorySource(FILE), size: 1e12, read: (target: Uint8Array) => target.byteLength }
  const it = await serve({ kind: 'source', source })
  const report = it.reported()
  const response = await fetch(it.url)
  const body = response.arrayBuffer()
  await Promise.all([it.server.close(), assert.rejects(body)])
  assert.equal((await report).complete, false)
  await it.server.close()
})

test('listen() names the program that has the port', async () => {
  await using it = await serve(file)
  const { port } = it.server
  await assert.rejects(serve(file, { port }), (error: Error) => {
    assert.match(
      error.message,
      new RegExp(`serve HTTP on 127.0.0.1: TCP port ${port} is in use by .*pid ${process.pid}`),
    )
    return true
  })
})
