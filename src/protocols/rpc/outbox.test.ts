import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, after, test } from 'node:test'
import type { FilePlace } from '../../storage/byte-source.ts'
import { openFileSource } from '../../storage/file-source.ts'
import { DirectSender } from '../../sys/direct-sender.ts'
import { withoutFfi } from '../../sys/testing.ts'
import { BlockPool } from './block-pool.ts'
import type { Gap } from './gap.ts'
import { Outbox, type OutboxOptions } from './outbox.ts'
import type { Outgoing } from './session.ts'

const MIB = 2 ** 20
const FILE_BYTES = 3 * MIB + 5
const base = mkdtempSync(join(tmpdir(), 'netroot-outbox-'))
after(() => rmSync(base, { recursive: true }))
const CONTENT = Buffer.from(Uint32Array.from({ length: FILE_BYTES / 4 + 1 }, (_, at) => at * 2_654_435_761).buffer)
const whole = CONTENT.subarray(0, FILE_BYTES)
const path = join(base, 'file')
writeFileSync(path, whole)

const direct = await DirectSender.load()
const pool = new BlockPool()

/** Numbers below a limit, the same in every run. */
function numbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

async function pair(t: TestContext): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined)
  const [accepted] = (await once(server, 'connection')) as [Socket]
  accepted.on('error', () => undefined)
  server.close()
  t.after(() => [client, accepted].forEach((socket) => socket.destroy()))
  return [accepted, client]
}

/** An outbox, and what became of what it was given. */
function outboxOf(socket: Socket, sender: OutboxOptions['direct'] = direct) {
  const told: { sent: Outgoing[]; failures: string[]; done: number } = { sent: [], failures: [], done: 0 }
  const failed = (error: unknown): void => {
    told.failures.push(String(error))
    socket.destroy()
  }
  const outbox = new Outbox({ socket, direct: sender, sent: (chunk) => void told.sent.push(chunk), failed })
  socket.on('close', () => outbox.close())
  return { outbox, told }
}

/** Text, and between its lines parts of the file that are not read. */
function chunkOf(parts: readonly (string | readonly [position: number, length: number])[], gapOf: GapOf): Outgoing {
  const lengths = parts.map((part) => (typeof part === 'string' ? part.length : part[1]))
  const block = pool.take(lengths.reduce((sum, length) => sum + length, 0))
  const gaps: Gap[] = []
  let at = 0
  for (const part of parts) {
    if (typeof part === 'string') at += block.bytes.write(part, at)
    else {
      gaps.push(gapOf(at, part[0], part[1]))
      if (part[1] <= FILE_BYTES) block.bytes.fill(0xee, at, at + part[1]) // it must not be sent
      at += part[1]
    }
  }
  return { bytes: block.bytes.subarray(0, at), block, gaps, heldBytes: at }
}
type GapOf = (at: number, position: number, length: number) => Gap

function bytesOf(parts: readonly (string | readonly [number, number])[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : whole.subarray(part[0], part[0] + part[1]))),
  )
}

/** One that hands less to the kernel than it would take. */
function stingy(random: (limit: number) => number): OutboxOptions['direct'] {
  if (direct === undefined) return undefined
  const less = (length: number): number => (random(3) === 0 ? 0 : random(3) === 0 ? length : random(length + 1))
  return {
    send: (socket, bytes, more) => direct.send(socket, bytes.subarray(0, less(bytes.byteLength)), more),
    sendFile: (socket, part) => direct.sendFile(socket, { ...part, length: less(part.length) }),
  }
}

for (const [name, sender] of [
  ['whatever the kernel takes', stingy],
  ['where the C library cannot be called', () => undefined],
] as const) {
  test(`Outbox sends all bytes in their order, ${name}`, async (t) => {
    const random = numbers(20_261_121)
    const [socket, client] = await pair(t)
    await using source = Object.assign(await openFileSource(path), {
      [Symbol.asyncDispose]: () => Promise.resolve(),
    })
    t.after(() => source.close())
    const { outbox, told } = outboxOf(socket, sender(random))
    const place: FilePlace = {
      ...source.place,
      isInMemory: () => random(4) > 0,
      read: (target, position) => {
        const reading = source.place.read(target, position)
        return random(2) === 0 ? reading : Promise.resolve(reading)
      },
    }
    const gapOf: GapOf = (at, position, length) => {
      const seenAt = random(2) === 0 ? performance.now() : 0
      return { at, position, length, place, seenAt, done: () => void (told.done += 1) }
    }
    const [came, wanted]: [Buffer[], Buffer[]] = [[], []]
    client.on('data', (bytes: Buffer) => {
      came.push(bytes)
      if (random(8) > 0) return
      client.pause()
      setImmediate(() => client.resume())
    })
    let gaps = 0
    let chunks = 0
    for (let round = 0; round < 60; round += 1) {
      const outgoing: Outgoing[] = []
      for (let count = random(3); count >= 0; count -= 1) {
        const parts = Array.from({ length: 1 + random(4) }, (_, at): string | readonly [number, number] => {
          const position = random(FILE_BYTES)
          return at % 2 === 0 ? `reply ${round} ${at} ` : [position, 1 + random(Math.min(MIB, FILE_BYTES - position))]
        })
        wanted.push(bytesOf(parts))
        outgoing.push(chunkOf(parts, gapOf))
        gaps += parts.filter((part) => typeof part !== 'string').length
        chunks += 1
      }
      outbox.send(outgoing)
      if (random(3) === 0) await new Promise(setImmediate)
    }
    while (!outbox.empty) await new Promise(setImmediate)
    socket.end()
    await once(client, 'end')
    assert.ok(Buffer.concat(came).equals(Buffer.concat(wanted)), 'the stream is not what was sent')
    assert.deepEqual([told.failures, told.done, told.sent.length], [[], gaps, chunks])
  })
}

const skip = withoutFfi

/** More than any kernel takes of a client that reads nothing. */
const LONG = 256 * MIB

for (const [name, seenAt] of [
  ['and is read', 0],
  ['and is sent by the kernel', Infinity],
] as const) {
  test(`Outbox closes the connection where a file becomes shorter than was told, ${name}`, { skip }, async (t) => {
    const [socket, client] = await pair(t)
    const shrinking = join(base, 'shrinking')
    writeFileSync(shrinking, '')
    truncateSync(shrinking, LONG)
    const source = await openFileSource(shrinking)
    t.after(() => source.close())
    const { outbox, told } = outboxOf(socket)
    let asked = 0
    const place: FilePlace = { ...source.place, isInMemory: () => (asked += 1) === 1 }
    const gapOf: GapOf = (at, position, length) => {
      return { at, position, length, place, seenAt, done: () => void (told.done += 1) }
    }
    client.pause() // most must wait
    outbox.send([chunkOf(['head', [0, LONG]], gapOf), chunkOf(['next', [0, 4096]], gapOf)])
    assert.equal(outbox.empty, false)
    truncateSync(shrinking, 100)
    const closed = once(client, 'close')
    let came = 0
    client.on('data', (bytes: Buffer) => (came += bytes.byteLength))
    client.resume()
    await closed
    assert.ok(came < LONG, `${came} bytes came`)
    assert.match(told.failures.join(), /became shorter/)
    assert.deepEqual([told.done, told.sent.length, outbox.empty], [2, 2, true])
  })
}

test('Outbox lets go of all files when the client goes away', { skip }, async (t) => {
  const [socket, client] = await pair(t)
  const source = await openFileSource(path)
  t.after(() => source.close())
  const { outbox, told } = outboxOf(socket)
  const gapOf: GapOf = (at, position, length) => {
    return { at, position, length, place: source.place, seenAt: 0, done: () => void (told.done += 1) }
  }
  client.pause()
  const chunks = Array.from({ length: 32 }, () => chunkOf(['head', [0, FILE_BYTES]], gapOf))
  outbox.send(chunks)
  assert.equal(outbox.empty, false)
  client.destroy()
  while (!outbox.empty) await new Promise(setImmediate)
  assert.deepEqual([told.done, told.sent.length, told.failures], [32, 32, []])
  outbox.send([chunkOf(['late'], gapOf)])
  assert.equal(told.sent.length, 33)
})
