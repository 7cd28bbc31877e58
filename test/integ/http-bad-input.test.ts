import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ended, NETROOT, runToEnd } from '../support/netroot.ts'
import { serve } from '../support/serve.ts'
import { digestOf, makeServedFiles } from '../support/served-files.ts'

const files = await makeServedFiles()
after(() => files[Symbol.asyncDispose]())
const server = await serve('http', files.served)
after(() => server.stop())

function curl(path: string, ...options: readonly string[]): Promise<Ended> {
  const url = `http://127.0.0.1:${server.port}${path}`
  return runToEnd('curl', ['-sS', '--noproxy', '*', '--path-as-is', '-w', '%{http_code}', ...options, url])
}

async function assertServes(): Promise<void> {
  const target = files.target()
  await curl('/sub/file-513', '-o', target)
  assert.equal(await digestOf(target), await digestOf(files.content(513)))
}

const OUT = /it leads out of the served directory\n403$/
const refused: readonly (readonly [string, RegExp])[] = [
  ['/../../etc/passwd', OUT],
  ['/%2e%2e/%2e%2e/etc/passwd', OUT],
  ['/..%5c..%5cetc%5cpasswd', OUT],
  ['/sub/../../etc/passwd', OUT],
  ['/outside', OUT],
  ['/etc/passwd', /^File not found: \/etc\/passwd\n404$/],
  ['//etc/passwd', /^File not found: \/\/etc\/passwd\n404$/],
  ['/sub/', /it is a directory\n403$/],
  ['/', /it is a directory\n403$/],
  ['/file-513%00.efi', /its name has a NUL in it\n400$/],
  ['/%zz', /^Cannot read the path \/%zz\n400$/],
  [`/${'x'.repeat(10_000)}`, /its name has 10001 characters, want at most 4096\n400$/],
]
for (const [path, answer] of refused) {
  test(`serve http refuses ${path.slice(0, 30)} in words`, async () => {
    assert.match((await curl(path)).stdout, answer)
  })
}

test('serve http refuses to be written to', async () => {
  assert.match((await curl('/file-513', '-X', 'PUT', '-d', 'x')).stdout, /^Cannot PUT here, want GET or HEAD\n405$/)
  assert.match((await curl('/file-513', '-X', 'DELETE')).stdout, /405$/)
})

/** Sends bytes on a connection of its own and waits until it is closed. */
async function sendRaw(bytes: Uint8Array): Promise<void> {
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => undefined) // a reset is an answer too
  socket.end(bytes)
  socket.resume()
  await once(socket, 'close', { signal: AbortSignal.timeout(5000) })
}

test('serve http lives through garbage', async () => {
  for (let count = 0; count < 100; count += 1) {
    const bytes = globalThis.crypto.getRandomValues(new Uint8Array(1 + count * 11))
    await sendRaw(count % 2 === 0 ? bytes : Buffer.concat([Buffer.from('GET /file-513 HTTP/1.1\r\n'), bytes]))
  }
  await assertServes()
})

async function openFiles(): Promise<number> {
  return (await readdir(`/proc/${server.pid}/fd`)).length
}

/** Waits until the server has no more open than this. */
async function untilFreed(before: number): Promise<void> {
  const signal = AbortSignal.timeout(5000)
  while ((await openFiles()) > before) await sleep(20, undefined, { signal })
}

test('serve http frees what a client held that vanished in the middle', async () => {
  await sleep(50) // connections of earlier tests are closed
  const before = await openFiles()
  const socket = connect(server.port, '127.0.0.1')
  socket.write('GET /file-41943040 HTTP/1.1\r\n\r\n')
  await once(socket, 'data')
  socket.pause()
  assert.equal(await openFiles(), before + 2)
  socket.resetAndDestroy()
  await untilFreed(before)
})

test('serve http says who has its port', async () => {
  const args = ['serve', 'http', files.served, '--listen', `127.0.0.1:${server.port}`]
  const { status, stderr } = await runToEnd(NETROOT, args)
  assert.equal(status, 1)
  assert.match(stderr, new RegExp(`TCP port ${server.port} is in use by .+ \\(pid ${server.pid}\\); stop it`))
})

test('serve http ends at SIGTERM with status 0 while a file is on its way', async () => {
  const own = await serve('http', files.served)
  const socket = connect(own.port, '127.0.0.1').on('error', () => undefined)
  socket.write('GET /file-41943040 HTTP/1.1\r\n\r\n')
  await once(socket, 'data')
  socket.pause()
  const { status, stderr } = await own.stop()
  socket.destroy()
  assert.equal(status, 0, stderr)
  assert.match(stderr, /status=200 bytes=\d+ complete=false/)
})
