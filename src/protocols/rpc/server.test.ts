import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { encodeCall } from './call.ts'
import { RpcClient, RpcRefusal } from './client.ts'
import { portmapperProgram } from './portmapper.ts'
import { type Procedure, type RpcProgram, nullProcedure } from './program.ts'
import { RpcServer, type RpcServerOptions } from './server.ts'

const MIB = 1024 * 1024
const HOST = '127.0.0.1'
const doubleNumber: Procedure = ({ args, reply }) => {
  reply.u32(args.u32('number') * 2)
  return undefined
}
let given = 0
const giveMiB: Procedure = ({ reply }) => {
  given += 1
  reply.reserve(MIB).fill(1)
  return undefined
}
const PROGRAM: RpcProgram = {
  number: 77,
  name: 'test',
  versions: new Map([[1, [nullProcedure, doubleNumber, giveMiB]]]),
}
const listen = (options: Partial<RpcServerOptions> = {}): Promise<RpcServer> =>
  RpcServer.listen({ programs: [PROGRAM], host: HOST, port: 0, ...options })
const DOUBLE = { program: 77, version: 1, procedure: 1 }

async function double(client: RpcClient, number: number): Promise<number> {
  return (await client.call(DOUBLE, (w) => w.u32(number))).u32('double')
}

/** Sends bytes and waits until the server closes; what it sent before. */
async function closedAfter(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = connect(port, HOST)
  const parts: Buffer[] = []
  socket.on('data', (part: Buffer) => parts.push(part)).on('error', () => undefined)
  socket.write(bytes)
  await new Promise((resolve) => socket.once('close', resolve)) // `once()` would reject when it is reset
  return Buffer.concat(parts)
}

test('RpcServer answers calls, many at once on one connection', async () => {
  await using server = await listen()
  await using client = await RpcClient.connect({ host: HOST, port: server.port })
  const doubles = await Promise.all(Array.from({ length: 1000 }, (_, number) => double(client, number)))
  assert.deepEqual(
    doubles,
    Array.from({ length: 1000 }, (_, number) => 2 * number),
  )
})

test('RpcServer answers a call that comes in fragments of one byte', async () => {
  await using server = await listen()
  await using client = await RpcClient.connect({ host: HOST, port: server.port })
  const answered = once(client.socket, 'data')
  const whole = encodeCall({ xid: 5, ...DOUBLE }, (w) => w.u32(21)).subarray(4)
  whole.forEach((byte, at) => {
    const mark = at === whole.byteLength - 1 ? 0x80 : 0
    client.socket.write(Buffer.from([mark, 0, 0, 1, byte]))
  })
  const [reply] = (await answered) as [Buffer]
  assert.equal(reply.readUInt32BE(reply.byteLength - 4), 42)
})

test('RpcServer closes a connection that brings garbage, and stays for others', async () => {
  await using server = await listen()
  await using client = await RpcClient.connect({ host: HOST, port: server.port })
  const inputs = ['GET / HTTP/1.1\r\n\r\n', '\x7f\xff\xff\xff', '\x80\0\0\x04abcd', '\x80\0\0\0', 'ÿ'.repeat(70_000)]
  for (const garbage of inputs) {
    assert.equal((await closedAfter(server.port, Buffer.from(garbage, 'latin1'))).byteLength, 0)
  }
  assert.equal(await double(client, 4), 8)
})

test('RpcServer gives its replies to a client that has closed its half', async () => {
  await using server = await listen()
  const socket = connect({ port: server.port, host: HOST, allowHalfOpen: true })
  let bytes = 0
  socket.on('data', (part: Buffer) => (bytes += part.byteLength))
  const big = (xid: number): Buffer => encodeCall({ xid, ...DOUBLE, procedure: 2 })
  socket.end(Buffer.concat(Array.from({ length: 12 }, (_, xid) => big(xid))))
  await once(socket, 'end')
  assert.equal(bytes, 12 * (4 + 24 + MIB))
})

test('RpcServer refuses connections beyond its limit', async () => {
  await using server = await listen({ maxConnections: 2, maxConnectionsOfPeer: 2 })
  await using first = await RpcClient.connect({ host: HOST, port: server.port })
  await using second = await RpcClient.connect({ host: HOST, port: server.port })
  assert.equal((await double(first, 1)) + (await double(second, 1)), 4)
  assert.equal((await closedAfter(server.port, Buffer.alloc(0))).byteLength, 0)
  assert.equal(await double(first, 1), 2)
})

test('RpcServer holds little for a client that does not read, and ends it after a while', async () => {
  await using server = await listen({ stallTimeoutMs: 300 })
  const socket = connect({ port: server.port, host: HOST })
  await once(socket, 'connect')
  socket.pause()
  socket.on('error', () => undefined)
  const before = given
  socket.write(Buffer.concat(Array.from({ length: 500 }, (_, xid) => encodeCall({ xid, ...DOUBLE, procedure: 2 }))))
  await until(() => server.connections === 1)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.ok(given - before < 24, `${given - before} MiB were made for it`) // the system's buffers take some
  await until(() => server.connections === 0)
  socket.destroy()
})

test('RpcServer leaves room for others: one address has a quarter of all connections', async () => {
  await using server = await listen({ host: '0.0.0.0', maxConnections: 8 })
  await using first = await RpcClient.connect({ host: HOST, port: server.port })
  await using second = await RpcClient.connect({ host: HOST, port: server.port })
  assert.equal((await double(first, 1)) + (await double(second, 1)), 4)
  assert.equal((await closedAfter(server.port, Buffer.alloc(0))).byteLength, 0)
  await using other = await RpcClient.connect({ host: HOST, port: server.port, localAddress: '127.0.0.2' })
  assert.equal(await double(other, 4), 8)
  await first[Symbol.asyncDispose]()
  await until(() => server.connections === 2)
  await using third = await RpcClient.connect({ host: HOST, port: server.port })
  assert.equal(await double(third, 5), 10)
})

test('RpcServer ends a client whose call never ends, however often it sends a byte of it', async () => {
  await using server = await listen({ stallTimeoutMs: 200 })
  await using honest = await RpcClient.connect({ host: HOST, port: server.port })
  const socket = connect({ port: server.port, host: HOST })
  let ended = false
  socket.on('error', () => undefined).once('close', () => (ended = true))
  socket.write(Buffer.from('80001000', 'hex'))
  for (let at = 0; !ended; at += 1) {
    assert.ok(at < 4000, 'it was not ended')
    socket.write(Buffer.alloc(1))
    assert.equal(await double(honest, at), 2 * at) // one that comes further is not ended
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.equal(server.connections, 1)
})

test('RpcServer ends a client that leaves a call unfinished, not one that is idle', async () => {
  await using server = await listen({ stallTimeoutMs: 100 })
  await using idle = await RpcClient.connect({ host: HOST, port: server.port })
  await closedAfter(server.port, Buffer.from('800000', 'hex'))
  assert.equal(await double(idle, 3), 6)
})

test('RpcServer serves 200 connections', async () => {
  await using server = await listen()
  const connecting = Array.from({ length: 200 }, () => RpcClient.connect({ host: HOST, port: server.port }))
  const clients = await Promise.all(connecting)
  const doubles = await Promise.all(clients.map((client, number) => double(client, number)))
  assert.deepEqual(
    doubles,
    Array.from({ length: 200 }, (_, number) => 2 * number),
  )
  assert.equal(server.connections, 200)
  await server.close()
  await assert.rejects(double(clients[0] ?? assert.fail(), 1))
})

test('listen() says when the port is taken', async () => {
  await using server = await listen()
  await assert.rejects(listen({ port: server.port }), { code: 'EADDRINUSE' })
})

test('portmapperProgram() gives the port of the programs it knows, 0 for others', async () => {
  await using server = await listen({ programs: [PROGRAM, portmapperProgram([PROGRAM], () => 2049)] })
  await using client = await RpcClient.connect({ host: HOST, port: server.port })
  const getPort = async (...query: readonly number[]): Promise<number> => {
    const target = { program: 100_000, version: 2, procedure: 3 }
    return (await client.call(target, (w) => query.forEach((item) => w.u32(item)))).u32('port')
  }
  assert.equal(await getPort(77, 1, 6, 0), 2049)
  assert.equal(await getPort(77, 1, 17, 0), 0) // UDP
  assert.equal(await getPort(77, 2, 6, 0), 0)
  assert.equal(await getPort(78, 1, 6, 0), 0)
})

test('RpcClient tells why a call was not carried out', async () => {
  await using server = await listen()
  await using client = await RpcClient.connect({ host: HOST, port: server.port })
  await assert.rejects(client.call({ ...DOUBLE, procedure: 9 }), new RpcRefusal('accepted', 3))
})

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000
  while (!condition()) {
    if (performance.now() > deadline) assert.fail('it did not happen within 5 s')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('RpcServer holds no memory for 200 idle clients, whatever they sent last', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  await using server = await listen({ limits: { recordBytes: MIB } })
  const clients = await Promise.all(
    Array.from({ length: 200 }, () => RpcClient.connect({ host: HOST, port: server.port })),
  )
  const large = Buffer.alloc(MIB / 2)
  const held = (): number => {
    collect()
    return process.memoryUsage().arrayBuffers
  }
  const before = held()
  for (const client of clients) await client.call({ ...DOUBLE, procedure: 0 }, (w) => w.fixed(large))
  for (let tries = 0; held() - before > 8 * MIB; tries += 1) {
    assert.ok(tries < 100, `${(held() - before) / MIB} MiB are held`)
    await new Promise((resolve) => setTimeout(resolve, 20)) // some of it may be on its way
  }
  assert.equal(server.connections, 200)
  assert.equal(await double(clients[199] ?? assert.fail(), 4), 8)
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))
})
