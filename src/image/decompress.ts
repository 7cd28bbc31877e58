import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'
import { StoreError } from './release.ts'

type Bytes = AsyncIterable<Uint8Array>

/** How files begin, whatever they are called. `refuse` is what to do with what cannot be read here. */
const KINDS: readonly {
  readonly magic: string
  readonly name: string
  readonly refuse?: string
}[] = [
  { magic: '\x1f\x8b', name: 'gzip' },
  { magic: '\x28\xb5\x2f\xfd', name: 'zstd' },
  { magic: '\xfd7zXZ\0', name: 'xz' },
  { magic: 'BZh', name: 'bzip2', refuse: 'decompress it first: bunzip2' },
  { magic: '\x04\x22\x4d\x18', name: 'lz4', refuse: 'decompress it first: unlz4' },
  { magic: 'hsqs', name: 'squashfs', refuse: 'turn it into a tar archive first: sqfs2tar' },
  { magic: 'PK\x03\x04', name: 'zip', refuse: 'want a tar archive' },
  { magic: '070701', name: 'cpio', refuse: 'want a tar archive' },
  { magic: 'QFI\xfb', name: 'qcow2', refuse: 'want a tar archive of the file system in it: virt-tar-out' },
]
const LONGEST_MAGIC = 6

/** Names the compression or format that bytes begin with. Undefined for what may be a plain tar archive. */
export function kindOf(head: Uint8Array): (typeof KINDS)[number] | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  return KINDS.find(({ magic }) => text.toString('latin1', 0, magic.length) === magic)
}

/**
 * The plain bytes of a stream that may be compressed with gzip, zstd or xz, told by its first bytes.
 *
 * @throws {StoreError} if it is of a kind that is not read, cut or damaged
 */
export async function* decompress(input: Bytes, signal?: AbortSignal): Bytes {
  const { head, all } = await peek(input)
  const kind = kindOf(head)
  if (kind?.refuse !== undefined) throw new StoreError(`it is ${kind.name}, ${kind.refuse}`)
  try {
    if (kind === undefined) yield* all
    else if (kind.name === 'xz') yield* viaXz(all, signal)
    else yield* passThrough(kind.name === 'gzip' ? createGunzip() : zstd(), all, signal)
  } catch (cause) {
    if (kind === undefined || cause instanceof StoreError || signal?.aborted === true) throw cause
    throw new StoreError(`the ${kind.name} data is cut or damaged`, { cause })
  }
}

/** `zstd --long=31` needs a window of 2 GiB; it is allocated only for data that says so. */
function zstd(): ReturnType<typeof createZstdDecompress> {
  return createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 31 } })
}

async function* passThrough(
  through: ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>,
  input: Bytes,
  signal: AbortSignal | undefined,
): Bytes {
  const feeding = pipeline(input, through, signal === undefined ? {} : { signal })
  feeding.catch(() => undefined) // it also reaches whoever reads
  yield* through as Bytes
  await feeding
}

async function* viaXz(input: Bytes, signal: AbortSignal | undefined): Bytes {
  const child = spawn('xz', ['--decompress', '--stdout'], { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = once(child, 'close') as Promise<[number | null]>
  const failed = ended.catch((cause: unknown) => {
    throw new StoreError('it is xz-compressed and the program xz is missing; install xz-utils', { cause })
  })
  failed.catch(() => undefined)
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const feeding = pipeline(input, child.stdin, signal === undefined ? {} : { signal })
  feeding.catch(() => undefined) // xz says better what is wrong
  try {
    yield* child.stdout as Bytes
    const [status] = await failed
    if (status !== 0) throw new Error(said.trim() || `xz ended with status ${status}`)
    await feeding
  } finally {
    child.kill('SIGKILL')
  }
}

/** The first bytes, and all of them. */
async function peek(input: Bytes): Promise<{ head: Uint8Array; all: Bytes }> {
  const iterator = input[Symbol.asyncIterator]()
  let head: Uint8Array = new Uint8Array(0)
  let done = false
  while (head.byteLength < LONGEST_MAGIC && !done) {
    const step = await iterator.next()
    done = step.done === true
    if (step.done !== true) head = Buffer.concat([head, step.value])
  }
  return { head, all: rejoin(head, iterator) }
}

async function* rejoin(head: Uint8Array, iterator: AsyncIterator<Uint8Array>): Bytes {
  try {
    if (head.byteLength > 0) yield head
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) yield step.value
  } finally {
    await iterator.return?.() // whoever stops reading closes the file
  }
}
