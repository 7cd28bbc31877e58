import { RpcClient } from '../src/protocols/rpc/client.ts'
import type { XdrReader } from '../src/protocols/rpc/xdr-reader.ts'

/** What is to be done, as JSON in the first argument. */
export interface NfsLoad {
  readonly port: number
  readonly mountPort: number
  /** What is mounted: it holds `big`, `many/` and `small/`. */
  readonly path: string
  readonly does: 'getattr' | 'read' | 'sequential' | 'list' | 'files'
  readonly connections: number
  /** Calls on their way at the same time, on each connection. */
  readonly outstanding: number
  /** Calls, chunks or files, of all connections together. */
  readonly count: number
}

/** What it took. */
export interface NfsLoadResult {
  readonly seconds: number
  /** Calls, entries or files. */
  readonly done: number
  readonly bytes: number
}

const NFS = { program: 100_003, version: 3 }
const PROCEDURE = { getAttributes: 1, lookup: 3, read: 6, readDirectoryPlus: 17 }
const CHUNK = 1024 * 1024
const PAGE = 4096
const ATTRIBUTES = 84
const BIG_BYTES = 1024 * CHUNK

type Handle = Buffer

async function mount({ mountPort, path }: NfsLoad): Promise<Handle> {
  await using client = await RpcClient.connect({ host: '127.0.0.1', port: mountPort, credential: ROOT })
  const reply = await client.call({ program: 100_005, version: 3, procedure: 1 }, (w) => w.string(path))
  check(reply)
  return Buffer.from(reply.opaque(64, 'handle'))
}

const ROOT = { flavor: 'sys', machineName: 'bench', uid: 0, gid: 0, gids: [] } as const

function check(reply: XdrReader): void {
  const status = reply.u32('status')
  if (status !== 0) throw new Error(`Cannot go on: NFS status ${status}`)
}

async function lookup(client: RpcClient, directory: Handle, name: string): Promise<Handle> {
  const reply = await client.call({ ...NFS, procedure: PROCEDURE.lookup }, (w) => w.opaque(directory).string(name))
  check(reply)
  return Buffer.from(reply.opaque(64, 'handle'))
}

async function read(client: RpcClient, file: Handle, offset: number, count: number): Promise<number> {
  const reply = await client.call({ ...NFS, procedure: PROCEDURE.read }, (w) => w.opaque(file).u64(offset).u32(count))
  check(reply)
  if (reply.bool('attributes')) reply.fixed(ATTRIBUTES, 'attributes')
  return reply.u32('count')
}

async function getAttributes(client: RpcClient, file: Handle): Promise<number> {
  check(await client.call({ ...NFS, procedure: PROCEDURE.getAttributes }, (w) => w.opaque(file)))
  return 0
}

/** READDIRPLUS of all pages, one after the other. */
async function list(client: RpcClient, directory: Handle): Promise<number> {
  let [entries, cookie, verifier] = [0, 0n, Buffer.alloc(8)]
  for (;;) {
    const target = { ...NFS, procedure: PROCEDURE.readDirectoryPlus }
    const at = Buffer.alloc(8)
    at.writeBigUInt64BE(cookie)
    const reply = await client.call(target, (w) =>
      w.opaque(directory).fixed(at).fixed(verifier).u32(32_768).u32(32_768),
    )
    check(reply)
    if (reply.bool('attributes')) reply.fixed(ATTRIBUTES, 'attributes')
    verifier = Buffer.from(reply.fixed(8, 'verifier'))
    for (; reply.bool('more'); entries += 1) {
      reply.fixed(8, 'fileid')
      reply.string(255, 'name')
      cookie = reply.fixed(8, 'cookie').readBigUInt64BE()
      if (reply.bool('attributes')) reply.fixed(ATTRIBUTES, 'attributes')
      if (reply.bool('handle')) reply.opaque(64, 'handle')
    }
    if (reply.bool('eof')) return entries
  }
}

/** Keeps so many calls on their way until `count` are done; returns the bytes that they brought. */
async function keepBusy(count: number, outstanding: number, call: (index: number) => Promise<number>): Promise<number> {
  let [next, bytes] = [0, 0]
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) bytes += await call(index)
  }
  await Promise.all(Array.from({ length: outstanding }, worker))
  return bytes
}

/** What one connection does. */
async function work(
  load: NfsLoad,
  client: RpcClient,
  root: Handle,
  count: number,
): Promise<Omit<NfsLoadResult, 'seconds'>> {
  const { does, outstanding } = load
  if (does === 'list') return { done: await list(client, await lookup(client, root, 'many')), bytes: 0 }
  const small = does === 'files' ? await lookup(client, root, 'small') : root
  const big = await lookup(client, root, 'big')
  const calls = {
    getattr: () => getAttributes(client, big),
    read: (index: number) => read(client, big, ((index * 40_503) % (BIG_BYTES / PAGE)) * PAGE, PAGE),
    sequential: (index: number) => read(client, big, index * CHUNK, CHUNK),
    files: async (index: number) => read(client, await lookup(client, small, `f${index}`), 0, PAGE),
  }
  return { done: count, bytes: await keepBusy(count, outstanding, calls[does]) }
}

async function main(load: NfsLoad): Promise<NfsLoadResult> {
  const root = await mount(load)
  const connect = (): Promise<RpcClient> => RpcClient.connect({ host: '127.0.0.1', port: load.port, credential: ROOT })
  const clients = await Promise.all(Array.from({ length: load.connections }, connect))
  const began = performance.now()
  const share = Math.floor(load.count / clients.length)
  const results = await Promise.all(clients.map((client) => work(load, client, root, share)))
  const seconds = (performance.now() - began) / 1000
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))
  const sum = (of: (result: (typeof results)[number]) => number): number =>
    results.reduce((all, one) => all + of(one), 0)
  return { seconds, done: sum(({ done }) => done), bytes: sum(({ bytes }) => bytes) }
}

if (import.meta.main) {
  process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '{}') as NfsLoad)))
}
