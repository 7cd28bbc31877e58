import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openFileSource } from '../../storage/file-source.ts'
import type { HttpAnswer, HttpRequest, ResponseReport } from './answer.ts'
import { HttpServer, type HttpServerOptions } from './server.ts'

const FILE = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251)

async function* twoPieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one ')
  await sleep(1)
  yield Buffer.from('two')
}

async function route({ path, method }: HttpRequest): Promise<HttpAnswer | undefined> {
  if (path === '/file') return { kind: 'bytes', bytes: FILE, tag: 'abc', modified: new Date(1e12) }
  if (path === '/stream') return { kind: 'stream', chunks: twoPieces }
  if (path === '/sized') return { kind: 'stream', chunks: twoPieces, size: 7 }
  if (path === '/broken') throw new Error('disk gone')
  if (path === '/post')
    return { kind: 'post', accept: async (body) => ({ kind: 'text', text: `${method} ${body.toString()}` }) }
  return path === '/text' ? { kind: 'text', text: 'words' } : undefined
}

function serve(options: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  return HttpServer.listen({ host: '127.0.0.1', port: 0, route, ...options })
}

/** Sends each text when the one before has had time to arrive, and returns all that comes until the server closes. */
async function exchange(port: number, ...texts: readonly string[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let came = ''
  socket.on('data', (data: Buffer) => (came += data.toString('latin1')))
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(5000) })
  for (const text of texts) {
    socket.write(text)
    if (text !== texts.at(-1)) await sleep(15)
  }
  await closed
  return came
}

/** Without what depends on the moment, and with the headers in one order: the two ways write them in different ones. */
function comparable(came: string): string {
  const [head = '', ...body] = came.split('\r\n\r\n')
  const [status, ...fields] = head.split('\r\n').filter((line) => !line.startsWith('Date: '))
  return [status, ...fields.sort(), '', ...body].join('\r\n')
}

const asked = [
  'GET /file HTTP/1.1\r\n',
  'GET /file HTTP/1.0\r\n',
  'HEAD /file HTTP/1.1\r\n',
  'GET /file HTTP/1.1\r\nRange: bytes=100000-199999\r\n',
  'GET /file HTTP/1.1\r\nRange: bytes=-1\r\n',
  'GET /file HTTP/1.1\r\nRange: bytes=900000-\r\n',
  'GET /file HTTP/1.1\r\nIf-None-Match: "abc"\r\n',
  'GET /file HTTP/1.1\r\nIf-Match: "other"\r\n',
  'GET /text?a=b HTTP/1.1\r\n',
  'HEAD /text HTTP/1.1\r\n',
  'GET /nothing HTTP/1.1\r\n',
  'GET /%ff HTTP/1.1\r\n',
  'GET /post HTTP/1.1\r\n',
  'GET /broken HTTP/1.1\r\n',
  'GET /stream HTTP/1.1\r\n',
  'GET /stream HTTP/1.0\r\n',
  'HEAD /stream HTTP/1.0\r\n',
  'GET /sized HTTP/1.1\r\n',
]
for (const text of asked) {
  test(`HttpServer answers ${JSON.stringify(text)} the same, whole or in two pieces`, async () => {
    await using server = await serve()
    const request = `${text}${text.includes('1.1') ? 'Connection: close\r\n' : ''}\r\n`
    const whole = await exchange(server.port, request)
    const cut = await exchange(server.port, request.slice(0, 7), request.slice(7))
    assert.match(whole, /^HTTP\/1\.1 \d\d\d /)
    assert.equal(comparable(whole), comparable(cut))
  })
}

test('HttpServer answers what a client sends ahead in turn, plain or not', async () => {
  const reports: ResponseReport[] = []
  await using server = await serve({ onResponse: (report) => void reports.push(report) })
  const plain = 'GET /text HTTP/1.1\r\n\r\n'
  const post = 'POST /post HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody'
  const last = 'HEAD /file HTTP/1.1\r\nConnection: close\r\n\r\n'
  const came = await exchange(server.port, `${plain}GET /stream HTTP/1.1\r\n\r\n${plain}${post}${plain}${last}`)
  assert.deepEqual(came.match(/words|^one|two|POST body|Content-Length: 300000/gm), [
    'words',
    'one',
    'two',
    'words',
    'POST body',
    'words',
    'Content-Length: 300000',
  ])
  assert.equal(came.match(/^HTTP\/1\.1 200 OK/gm)?.length, 6)
  const told = reports.map(({ method, url, bytes, complete }) => [method, url, bytes, complete].join(' '))
  const text = Array.from({ length: 3 }, () => 'GET /text 6 true')
  assert.deepEqual(told.sort(), ['GET /stream 7 true', ...text, 'HEAD /file 0 true', 'POST /post 10 true'])
})

test('HttpServer answers a request that was cut off behind a whole one', async () => {
  await using server = await serve()
  const socket = connect(server.port, '127.0.0.1')
  let came = ''
  socket.on('data', (data: Buffer) => (came += data.toString('latin1')))
  socket.end('GET /stream HTTP/1.1\r\n\r\nGET /te')
  await once(socket, 'close', { signal: AbortSignal.timeout(5000) })
  assert.match(came, /^HTTP\/1\.1 200 .*two\r\n0\r\n\r\nHTTP\/1\.1 400 Bad Request\r\n/s)
})

test('HttpServer closes a connection that asks nothing, first or next', async () => {
  await using server = await serve({ idleMs: 100 })
  assert.equal(await exchange(server.port), '')
  assert.match(await exchange(server.port, 'GET /text HTTP/1.1\r\n\r\n'), /words\n$/)
})

test('HttpServer sends a file whole to readers of any speed, and ranges of it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'netroot-http-'))
  const bytes = randomBytes(9_000_001)
  await writeFile(join(directory, 'file'), bytes)
  const open = async (): Promise<HttpAnswer> => ({
    kind: 'source',
    source: await openFileSource(join(directory, 'file')),
  })
  await using server = await serve({ route: open })
  const digest = (given: Uint8Array): string => createHash('sha256').update(given).digest('hex')
  const read = async (range: string, pauseMs: number): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${server.port}/`, { headers: { range } })
    const parts: Uint8Array[] = []
    for await (const part of response.body ?? []) {
      parts.push(part)
      if (parts.length % 16 === 0) await sleep(pauseMs)
    }
    return digest(Buffer.concat(parts))
  }
  const wanted = [digest(bytes), digest(bytes.subarray(5)), digest(bytes.subarray(1_000_000, 1_065_536))]
  for (const pauseMs of [0, 1]) {
    const all = ['', 'bytes=5-', 'bytes=1000000-1065535'].map((range) => read(range, pauseMs))
    assert.deepEqual(await Promise.all(all), wanted)
  }
  await rm(directory, { recursive: true })
})
