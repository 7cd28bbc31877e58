import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type ByteSource, memorySource } from '../../storage/byte-source.ts'
import { openFileSource } from '../../storage/file-source.ts'
import { HotChunks } from '../../storage/hot-chunks.ts'
import { run } from '../../sys/run.ts'
import { sendBody, type Sink } from './body.ts'
import { BufferPool } from './buffer-pool.ts'
import { withoutColdPages } from '../../sys/testing.ts'

const LENGTH = 3 * 2 ** 20
const BYTES = Uint8Array.from({ length: LENGTH }, (_, index) => (index * 7) % 251)

/** Notes what is sent how. `room`: what the kernel takes of a file at once. */
class Notes implements Sink {
  readonly ways: string[] = []
  readonly parts: Uint8Array[] = []
  readonly #room: number

  constructor(room: number) {
    this.#room = room
  }
  write(bytes: Uint8Array): undefined {
    this.ways.push(`write ${bytes.byteLength}`)
    this.parts.push(Buffer.from(bytes))
  }
  sendFile({ offset, length }: { readonly offset: number; readonly length: number }): number {
    const sent = Math.min(length, this.#room)
    this.ways.push(`file ${offset} ${sent}`)
    this.parts.push(BYTES.subarray(offset, offset + sent))
    return sent
  }
  get sent(): Buffer {
    return Buffer.concat(this.parts)
  }
}

async function send(source: ByteSource, sink: Sink, start = 0, end = LENGTH): Promise<number> {
  const [memory, tally] = [{ pool: new BufferPool(), chunks: new HotChunks() }, { bytes: 0 }]
  await sendBody(
    { status: 200, headers: {}, body: { kind: 'part', source, tag: undefined, start, end } },
    sink,
    memory,
    tally,
  )
  return tally.bytes
}

/** In a file that begins at `offset`, and is in memory from `from` on. */
const placed = (from: number): ByteSource => ({
  ...memorySource(BYTES),
  place: { ...memorySource(BYTES), fd: -1, offset: 0, isInMemory: (position) => position >= from },
})

test('sendBody() sends a file that is in memory without reading it, others have a turn after each MiB', async () => {
  const sink = new Notes(Infinity)
  const sending = send(placed(0), sink, 5)
  assert.deepEqual(sink.ways, ['file 5 1048576'])
  assert.equal(await sending, LENGTH - 5)
  assert.deepEqual(sink.ways.slice(1), ['file 1048581 1048576', 'file 2097157 1048571'])
})

test('sendBody() writes a little in the ordinary way where the kernel takes no more, to be told when it does', async () => {
  const sink = new Notes(400_000)
  await send(placed(0), sink, 0, 900_000)
  assert.deepEqual(sink.ways, [
    'file 0 400000',
    'write 16384',
    'file 416384 400000',
    'write 16384',
    'file 832768 67232',
  ])
  assert.ok(sink.sent.equals(BYTES.subarray(0, 900_000)))
})

test('sendBody() reads what is not in memory, and never has the kernel wait for it', async () => {
  const sink = new Notes(Infinity)
  await send(placed(2 ** 20), sink)
  assert.deepEqual(sink.ways, [
    ...Array.from({ length: 4 }, () => 'write 262144'),
    'file 1048576 1048576',
    'file 2097152 1048576',
  ])
  assert.ok(sink.sent.equals(BYTES))
})

const directory = mkdtempSync(join(tmpdir(), 'netroot-body-'))
after(() => rmSync(directory, { recursive: true }))
const skip = await withoutColdPages(directory)

test('sendBody() reads a file of a cold disk before the network gets it', { skip }, async () => {
  const path = join(directory, 'cold')
  writeFileSync(path, BYTES, { flush: true })
  await run('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']) // out of memory with it
  await using source = Object.assign(await openFileSource(path), { [Symbol.asyncDispose]: () => source.close() })
  const cold = new Notes(Infinity)
  await send(source, cold)
  assert.match(cold.ways[0] ?? '', /^write /)
  assert.ok(cold.sent.equals(BYTES))
})
