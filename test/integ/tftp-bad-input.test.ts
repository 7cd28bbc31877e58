import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeError, encodeAck, encodeReadRequest } from '../../src/protocols/tftp/packet.ts'
import { TestClient } from '../../src/protocols/tftp/test-client.ts'
import { NETROOT, runToEnd } from '../support/netroot.ts'
import { type Service, serve } from '../support/serve.ts'
import { digestOf, makeServedFiles } from '../support/served-files.ts'

const files = await makeServedFiles()
after(() => files[Symbol.asyncDispose]())
const server = await serve('tftp', files.served)
after(() => server.stop())

/** Asserts that an ordinary client still gets a file. */
async function assertServes({ port }: Service): Promise<void> {
  const target = files.target()
  await runToEnd('tftp', ['-m', 'binary', '127.0.0.1', `${port}`, '-c', 'get', 'sub/file-513', target])
  assert.equal(await digestOf(target), await digestOf(files.content(513)))
}

/** What a client is told when it asks for this name. */
async function answerTo(filename: string): Promise<{ code: number; text: string }> {
  await using client = await TestClient.open()
  client.send(encodeReadRequest({ filename, mode: 'octet', options: new Map() }), server.port)
  const { datagram } = await client.next()
  assert.ok(datagram.byteLength < 300, 'an error is short')
  return decodeError(datagram)
}

const OUT = /^Cannot send .*: it leads out of the served directory$/
const refused: readonly (readonly [string, number, RegExp])[] = [
  ['../../etc/passwd', 2, OUT],
  ['..\\..\\etc\\passwd', 2, OUT],
  ['sub/../../../etc/passwd', 2, OUT],
  ['outside', 2, OUT],
  ['/etc/passwd', 1, /^File not found: \/etc\/passwd$/],
  ['sub', 2, /it is a directory$/],
  ['x'.repeat(10_000), 2, /its name has 10000 characters, want at most 4096$/],
  ['x'.repeat(65_000), 2, /its name has 65000 characters, want at most 4096$/],
]
for (const [name, code, text] of refused) {
  test(`serve tftp refuses ${name.slice(0, 30)} in words [HT36]`, async () => {
    const answer = await answerTo(name)
    assert.equal(answer.code, code)
    assert.match(answer.text, text)
  })
}

test('serve tftp takes a name to its first NUL', async () => {
  await using client = await TestClient.open()
  client.send(Buffer.from('\0\x01sub/file-513\0octet\0../../etc/passwd\0x\0'), server.port)
  assert.equal((await client.next()).datagram.byteLength, 4 + 512)
})

test('serve tftp shows the refusal to people through tftp, atftp, busybox and curl', async () => {
  const [port, target] = [`${server.port}`, files.target()]
  const url = `tftp://127.0.0.1:${port}//../../etc/passwd`
  const runs = await Promise.all([
    runToEnd('tftp', ['127.0.0.1', port, '-c', 'get', '../../etc/passwd', target]),
    runToEnd('atftp', ['-g', '-r', '../../etc/passwd', '-l', target, '127.0.0.1', port]),
    runToEnd('busybox', ['tftp', '-g', '-r', '../../etc/passwd', '-l', target, '127.0.0.1', port]),
    runToEnd('curl', ['-sS', '--path-as-is', '-o', target, url]),
  ])
  for (const { stdout, stderr } of runs.slice(0, 3)) assert.match(stdout + stderr, /leads out of the served directory/)
  assert.match(runs[3].stderr, /curl: \(69\)|Access Violation/i) // it does not show texts
})

for (const name of ['/sub/file-513', '\\sub\\file-513', 'link']) {
  test(`serve tftp takes ${name} for a file of the served directory [HT36]`, async () => {
    const target = files.target()
    await runToEnd('atftp', ['-g', '-r', name, '-l', target, '127.0.0.1', `${server.port}`])
    assert.equal(await digestOf(target), await digestOf(files.content(513)))
  })
}

test('serve tftp lives through random datagrams, and answers few of them', async () => {
  await using client = await TestClient.open()
  for (let count = 0; count < 2000; count += 1) {
    const noise = globalThis.crypto.getRandomValues(new Uint8Array(count % 600))
    const datagram = count % 2 === 0 ? Buffer.concat([Buffer.from([0, count % 8]), noise]) : noise // an opcode: it goes further
    client.send(datagram, server.port)
  }
  assert.ok((await client.countFor(300)) <= 2000)
  await assertServes(server)
})

test('serve tftp lives through random datagrams to the port of a transfer, and ends it well', async () => {
  await using client = await TestClient.open()
  client.send(encodeReadRequest({ filename: 'file-513', mode: 'octet', options: new Map() }), server.port)
  const { from } = await client.next()
  for (let count = 0; count < 200; count += 1) {
    client.send(
      Uint8Array.from({ length: count % 9 }, (_, index) => (index === 1 ? count % 5 : count)),
      from.port,
    )
  }
  client.send(encodeAck(1), from.port)
  const last = await client.next()
  assert.deepEqual(last.datagram, Buffer.concat([Buffer.from([0, 3, 0, 2]), files.content(513).subarray(512)]))
})

/** Sockets and files that a process has open. */
async function openFiles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length
}

test('serve tftp frees what a client held that vanished in the middle', async () => {
  const before = await openFiles(server.pid)
  const client = await TestClient.open()
  client.send(encodeReadRequest({ filename: 'file-41943040', mode: 'octet', options: new Map() }), server.port)
  client.send(encodeAck(1), (await client.next()).from.port)
  await client.next()
  assert.equal(await openFiles(server.pid), before + 2)
  await client[Symbol.asyncDispose]() // its machine refuses what is sent again
  const patience = AbortSignal.timeout(5000)
  while ((await openFiles(server.pid)) > before) await sleep(20, undefined, { signal: patience })
})

test('serve tftp says who has its port', async () => {
  const args = ['serve', 'tftp', files.served, '--listen', `127.0.0.1:${server.port}`]
  const { status, stderr } = await runToEnd(NETROOT, args)
  assert.equal(status, 1)
  assert.match(stderr, new RegExp(`UDP port ${server.port} is in use by .+ \\(pid ${server.pid}\\); stop it`))
})

test('serve tftp says that there is no such directory, and no such address', async () => {
  const none = await runToEnd(NETROOT, ['serve', 'tftp', '/nowhere', '--listen', '127.0.0.1:0'])
  assert.equal(none.status, 1)
  assert.match(none.stderr, /^netroot: Cannot serve \/nowhere: no such directory/)
  const elsewhere = await runToEnd(NETROOT, ['serve', 'tftp', files.served, '--listen', '192.0.2.1:6969'])
  assert.match(elsewhere.stderr, /Cannot serve TFTP on 192\.0\.2\.1: this machine does not have that address/)
})

test('serve tftp ends at SIGTERM with status 0 while a file is on its way', async () => {
  const own = await serve('tftp', files.served)
  await using client = await TestClient.open()
  client.send(encodeReadRequest({ filename: 'file-513', mode: 'octet', options: new Map() }), own.port)
  await client.next()
  const { status, stderr } = await own.stop()
  assert.equal(status, 0, stderr)
  assert.match(stderr, /outcome=stopped/)
  assert.match(decodeError((await client.next()).datagram).text, /server was stopped/)
})
