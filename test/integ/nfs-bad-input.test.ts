import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { OP } from '../../src/protocols/nfs/v4/constants.ts'
import { type Op, SessionClient, compoundCall, lookupOp, openOp, putRoot } from '../../src/protocols/nfs/v4/harness.ts'
import { encodeCall } from '../../src/protocols/rpc/call.ts'
import { TreeError } from '../../src/storage/writable-tree.ts'
import { RemoteTree3, RemoteTree4, type RemoteTree, Wire } from '../support/nfs-remote.ts'
import { type NfsProcess, serveNfs } from '../support/nfs-server.ts'

/* What clients may send, to the real program: nothing of it harms others, is done twice, or reaches outside an export. */

const MIB = 1024 * 1024
let work: string
let home: string

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'netroot-nfs-bad-'))
  home = join(work, 'home')
  await mkdir(join(home, 'directory'), { recursive: true })
  await mkdir(join(work, 'outside'))
  await writeFile(join(home, 'file'), 'inside\n')
  await writeFile(join(work, 'outside/secret'), 'of the host\n')
})
after(() => rm(work, { recursive: true, force: true }))

const serve = (): Promise<NfsProcess> =>
  serveNfs([`home=${home},rw,no_root_squash,async,client=127.0.0.1`, `ro=${home}`])
async function residentMiB({ child }: NfsProcess): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024
}

/** Puts a symlink to the outside where a directory and where a file was, and back, until it has been enough. */
const RACER = `
  cd "$0"
  while [ ! -e ../enough ]; do
    mv directory .d && ln -s ../outside directory; rm -f directory; mv .d directory
    mv file .f && ln -s ../outside/secret file; rm -f file; mv .f file
    echo
  done
`

test('nobody gets out of an export whose directories another process swaps for symlinks', {
  timeout: 60_000,
}, async () => {
  await using server = await serve()
  await using three = await RemoteTree3.mount(server.port, '/home')
  await using four = await RemoteTree4.mount(server.port, 2, '/home')
  const racer = spawn('sh', ['-c', RACER, home], { stdio: ['ignore', 'pipe', 'ignore'] })
  let rounds = 0
  racer.stdout.on('data', (bytes: Buffer) => (rounds += bytes.byteLength))
  let refused = 0
  try {
    for (let at = 0; rounds < 150 || refused < 20; at += 1) {
      for (const tree of [three, four]) refused += await attack(tree, at)
      const file = await three.lookup(three.root, 'file').catch(() => undefined)
      if (file !== undefined) assert.notEqual(await three.read(file).catch(() => ''), 'of the host\n')
    }
  } finally {
    await writeFile(join(work, 'enough'), '')
    await once(racer, 'close')
  }
  assert.deepEqual(await readdir(join(work, 'outside')), ['secret'])
  assert.equal(await readFile(join(work, 'outside/secret'), 'utf8'), 'of the host\n')
})

/** Does what a client may do in a directory that it found a moment ago. How much of it was refused. */
async function attack(tree: RemoteTree, round: number): Promise<number> {
  const name = `n${round % 5}`
  let refused = 0
  const attempt = async <T>(run: () => T): Promise<Awaited<T> | undefined> => {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof TreeError)) throw error
      refused += 1
      return undefined
    }
  }
  const directory = (await attempt(() => tree.lookup(tree.root, 'directory'))) ?? tree.root
  const owner = { mode: 0o644, uid: 0, gid: 0 }
  await attempt(() => tree.createFile(directory, name, owner, { kind: 'guarded' }))
  await attempt(() => tree.unlink(directory, 'secret'))
  await attempt(() => tree.rename(directory, 'secret', tree.root, 'fetched'))
  await attempt(() => tree.unlink(directory, name))
  const secret = await attempt(() => tree.lookup(directory, 'secret'))
  assert.equal(secret, undefined)
  return refused
}

test('version 3: a call that comes again after its connection broke is not carried out again', async () => {
  await using server = await serve()
  const client = await RemoteTree3.mount(server.port, '/home')
  const root = client.handleOf(client.root)
  await client[Symbol.asyncDispose]()
  const create = encodeCall({ xid: 4711, program: 100_003, version: 3, procedure: 8, credential: ROOT }, (w) => {
    w.opaque(root).string('once').u32(1) // GUARDED: the second time it is there
    for (let word = 0; word < 6; word += 1) w.u32(0)
  }).subarray(4)
  const first = await Wire.open(server.port)
  const { localPort = 0 } = first.socket
  const reply = await first.answer(create)
  assert.equal(reply.readUInt32BE(24), 0)
  first.socket.resetAndDestroy()
  await once(first.socket, 'close')
  const second = await Wire.open(server.port, { localPort }) // as the kernel's client does
  assert.deepEqual(await second.answer(create), reply)
  create.writeUInt32BE(4712, 0)
  assert.equal((await second.answer(create)).readUInt32BE(24), 17, 'another call: NFS3ERR_EXIST')
  second.socket.destroy()
  await rm(join(home, 'once'))
})

const ROOT = { flavor: 'sys', machineName: 'pc1', uid: 0, gid: 0, gids: [] } as const
const put = (name: string): readonly Op[] => [putRoot, lookupOp(name)]

test('version 4.2: REMOVE that comes again on another connection is answered from its slot, and done once', async () => {
  await using server = await serve()
  await writeFile(join(home, 'removed'), '')
  const first = await Wire.open(server.port)
  const client = await SessionClient.connect(first)
  const remove = [...put('home'), (w: Parameters<Op>[0]) => w.u32(OP.remove).string('removed')]
  const answer = await client.run(remove, { cache: true })
  assert.equal(answer.status, 0)
  first.socket.resetAndDestroy()
  await writeFile(join(home, 'removed'), 'another one') // it must live
  const second = await Wire.open(server.port)
  const again = await second.answer(compoundCall(2, [client.sequenceOp(client.sequence, true), ...remove], ROOT))
  assert.deepEqual(again.subarray(-answer.bytes.byteLength), answer.bytes)
  assert.equal(await readFile(join(home, 'removed'), 'utf8'), 'another one')
  second.socket.destroy()
  await rm(join(home, 'removed'))
})

test('compounds of 10 000 operations and 60 000 stateids are answered, and others meanwhile', async () => {
  await using server = await serve()
  const wire = await Wire.open(server.port)
  const client = await SessionClient.connect(wire)
  const many = await client.run(Array.from({ length: 10_000 }, () => putRoot))
  assert.deepEqual([many.status, many.count], [10_070, 1], 'NFS4ERR_TOO_MANY_OPS')
  client.sequence -= 1
  const stateids = await client.run([
    (w) =>
      w
        .u32(OP.testStateid)
        .u32(60_000)
        .fixed(Buffer.alloc(60_000 * 16, 5)),
  ])
  assert.equal(stateids.status, 0)
  wire.socket.destroy()
})

test('256 calls of a MiB that never end take what they sent, not more; others are served', async () => {
  await using server = await serve()
  const atFirst = await residentMiB(server)
  const half = Buffer.concat([Buffer.from('80100000', 'hex'), Buffer.alloc(MIB / 2)])
  const wires = await Promise.all(Array.from({ length: 256 }, () => Wire.open(server.port)))
  for (const { socket } of wires) {
    socket.on('error', () => undefined)
    socket.write(half)
  }
  const refused = await Wire.open(server.port)
  await once(refused.socket.on('error', () => undefined).resume(), 'close')
  const other = await Wire.open(server.port, { localAddress: '127.0.0.2' })
  const client = await SessionClient.connect(other)
  assert.equal((await client.run([...put('ro'), openOp('file')])).status, 0)
  const grown = (await residentMiB(server)) - atFirst
  assert.ok(grown < 400, `they cost ${grown} MiB`)
  for (const { socket } of [...wires, other]) socket.destroy()
})

test('handles of an export that is not for this machine, and made up ones, are refused', async () => {
  await using server = await serveNfs([`home=${home},rw,no_root_squash,client=127.0.0.1`])
  const mine = await RemoteTree3.mount(server.port, '/home')
  const handle = Buffer.from(mine.handleOf(mine.root))
  await mine[Symbol.asyncDispose]()
  const attributesOf = async (bytes: Buffer, localAddress: string): Promise<number> => {
    const wire = await Wire.open(server.port, { localAddress })
    const call = { xid: 1, program: 100_003, version: 3, procedure: 1, credential: ROOT }
    const reply = await wire.answer(encodeCall(call, (w) => w.opaque(bytes)).subarray(4))
    wire.socket.destroy()
    return reply.readUInt32BE(24)
  }
  assert.equal(await attributesOf(handle, '127.0.0.1'), 0)
  assert.equal(await attributesOf(handle, '127.0.0.2'), 13, 'NFS3ERR_ACCES')
  for (const at of [4, 11, 12, 27]) {
    const other = Buffer.from(handle)
    other[at] = (other[at] ?? 0) ^ 1
    assert.equal(await attributesOf(other, '127.0.0.1'), 70, `byte ${at}: NFS3ERR_STALE`)
  }
  assert.equal(await attributesOf(Buffer.alloc(28, 7), '127.0.0.1'), 10_001, 'NFS3ERR_BADHANDLE')
})
