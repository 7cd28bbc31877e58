import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { encodeCall } from '../../src/protocols/rpc/call.ts'
import { RpcClient } from '../../src/protocols/rpc/client.ts'
import { CommandError, run } from '../../src/sys/run.ts'
import { NETROOT, runToEnd } from '../support/netroot.ts'
import { type NfsProcess, nfsUrl, serveNfs } from '../support/nfs-server.ts'

const MIB = 1024 * 1024
const NFS_CAT = 'nfs-cat' // of the Debian package libnfs-utils
/** Of the file that is read while the server is killed. */
const BIG_MIB = 96
let work: string
let tree: string
let bigHash: string

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'netroot-nfs-'))
  tree = join(work, 'tree')
  await mkdir(join(tree, 'sub/below'), { recursive: true })
  await writeFile(join(tree, 'hello'), 'hello from the server\n')
  await writeFile(join(tree, 'sub/below/deep'), 'deep\n')
  const parts = Array.from({ length: BIG_MIB }, (_, at) =>
    Buffer.alloc(MIB, createHmac('sha256', 'big').update(`${at}`).digest()),
  )
  const big = Buffer.concat(parts)
  bigHash = createHash('sha256').update(big).digest('hex')
  await writeFile(join(tree, 'big'), big)
  await run('tar', ['-C', tree, '-cf', join(work, 'tree.tar'), '.'])
})
after(() => rm(work, { recursive: true, force: true }))

const cat = async (port: number, path: string): Promise<string> => (await run(NFS_CAT, [nfsUrl(port, path)])).toString()
const exportsOf = (): string[] => [`dir=${tree}`, `tar=${join(work, 'tree.tar')}`]

/** MNT of an export: the handle of its root. */
async function mountRoot(client: RpcClient, path: string): Promise<Buffer> {
  const reply = await client.call({ program: 100_005, version: 3, procedure: 1 }, (w) => w.string(path))
  assert.equal(reply.u32('status'), 0)
  return Buffer.from(reply.opaque(64, 'handle'))
}
async function lookup(client: RpcClient, directory: Buffer, name: string): Promise<Buffer> {
  const reply = await client.call({ program: 100_003, version: 3, procedure: 3 }, (w) =>
    w.opaque(directory).string(name),
  )
  assert.equal(reply.u32('status'), 0)
  return Buffer.from(reply.opaque(64, 'handle'))
}
async function readText(client: RpcClient, file: Buffer): Promise<string> {
  const target = { program: 100_003, version: 3, procedure: 6 }
  const reply = await client.call(target, (w) => w.opaque(file).u64(0).u32(1000))
  assert.equal(reply.u32('status'), 0)
  reply.fixed(88 + 8, 'attributes, count, eof')
  return reply.opaque(1000, 'data').toString()
}

test('libnfs reads a directory and a tar, and mounts what lies below an export', async () => {
  await using server = await serveNfs(exportsOf())
  for (const name of ['dir', 'tar']) {
    assert.equal(await cat(server.port, `/${name}/hello`), 'hello from the server\n')
    assert.equal(await cat(server.port, `/${name}/sub/below/deep`), 'deep\n')
    const list = (await run('nfs-ls', [nfsUrl(server.port, `/${name}/sub`)])).toString()
    assert.match(list, /^drwx\S+ +2 .* below\n$/)
    const copy = join(work, `copy-of-${name}`)
    await run('nfs-cp', [nfsUrl(server.port, `/${name}/big`), copy])
    assert.equal(
      createHash('sha256')
        .update(await readFile(copy))
        .digest('hex'),
      bigHash,
    )
  }
})

test('libnfs is told that an export is not there, that a file is not, and that nothing can be written', async () => {
  await using server = await serveNfs(exportsOf())
  const fails = (words: RegExp) => (error: unknown) => error instanceof CommandError && words.test(error.stderr)
  await assert.rejects(cat(server.port, '/nothing/hello'), fails(/MNT3ERR_NOENT/))
  await assert.rejects(cat(server.port, '/dir/nothing'), fails(/Failed to open/))
  await assert.rejects(run('nfs-cp', [join(tree, 'hello'), nfsUrl(server.port, '/dir/new')]), fails(/NFS3ERR_ROFS/))
})

test('nfs-cat goes on when the server is killed and started again while it reads', async () => {
  for (const path of ['/tar/big', '/dir/big']) {
    const first = await serveNfs(exportsOf())
    const reader = spawn(NFS_CAT, [nfsUrl(first.port, path)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(reader, 'close')
    const hash = createHash('sha256')
    let bytes = 0
    let second: NfsProcess | undefined
    for await (const chunk of reader.stdout) {
      hash.update(chunk as Buffer)
      bytes += (chunk as Buffer).byteLength
      if (second !== undefined || bytes < 10 * MIB) continue
      await first.kill()
      second = await serveNfs(exportsOf(), first.port)
    }
    assert.deepEqual(await ended, [0, null])
    assert.deepEqual([bytes, hash.digest('hex')], [BIG_MIB * MIB, bigHash])
    await second?.[Symbol.asyncDispose]()
  }
})

test('a handle is good after SIGKILL and a new start, without mounting again', async () => {
  const first = await serveNfs(exportsOf())
  const files: Buffer[] = []
  {
    await using client = await RpcClient.connect({ host: '127.0.0.1', port: first.port })
    for (const path of ['/tar', '/dir']) {
      const directory = await lookup(client, await mountRoot(client, path), 'sub')
      files.push(await lookup(client, await lookup(client, directory, 'below'), 'deep'))
    }
    await first.kill()
  }
  await using second = await serveNfs(exportsOf(), first.port)
  await using client = await RpcClient.connect({ host: '127.0.0.1', port: second.port })
  for (const file of files) assert.equal(await readText(client, file), 'deep\n')
})

test('a handle of a tar that was replaced is stale', async () => {
  const path = join(work, 'replaced.tar')
  const handles: Buffer[] = []
  for (const [at, names] of [['hello'], ['sub', 'hello']].entries()) {
    await run('tar', ['-C', tree, '-cf', path, ...names])
    await using server = await serveNfs([`tar=${path}`])
    await using client = await RpcClient.connect({ host: '127.0.0.1', port: server.port })
    if (at === 0) handles.push(await lookup(client, await mountRoot(client, '/tar'), 'hello'))
    const target = { program: 100_003, version: 3, procedure: 1 }
    const reply = await client.call(target, (w) => w.opaque(handles[0] ?? Buffer.alloc(0)))
    assert.equal(reply.u32('status'), at === 0 ? 0 : 70)
  }
})

test('garbage, oversized records and clients that do not read harm nobody, and cost little', async () => {
  await using server = await serveNfs(exportsOf())
  const garbage = Array.from({ length: 100 }, (_, at) => createHash('sha512').update(`${at}`).digest())
  const inputs = [...garbage, Buffer.from('\x7f\xff\xff\xff', 'latin1'), Buffer.from('GET / HTTP/1.0\r\n\r\n')]
  await Promise.all(inputs.map((bytes) => closedAfter(server.port, bytes)))
  const stalled = await Promise.all(Array.from({ length: 20 }, () => stalledReader(server.port)))
  assert.equal(await cat(server.port, '/tar/hello'), 'hello from the server\n')
  const resident = await residentMiB(server.child.pid ?? assert.fail())
  assert.ok(resident < 300, `the server has ${resident} MiB`)
  for (const { socket } of stalled) socket.destroy()
})

/** Sends bytes and waits for the end of the connection; some garbage is the beginning of a record and waits for more. */
async function closedAfter(port: number, bytes: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined).resume()
  socket.end(bytes)
  await new Promise((resolve) => socket.once('close', resolve))
}

/** A client that asks for 500 MiB and takes nothing. */
async function stalledReader(port: number): Promise<RpcClient> {
  const client = await RpcClient.connect({ host: '127.0.0.1', port })
  const big = await lookup(client, await mountRoot(client, '/tar'), 'big')
  client.socket.pause()
  const target = { program: 100_003, version: 3, procedure: 6 }
  const read = (xid: number): Buffer => encodeCall({ xid, ...target }, (w) => w.opaque(big).u64(0).u32(MIB))
  client.socket.write(Buffer.concat(Array.from({ length: 500 }, (_, at) => read(10_000 + at))))
  return client
}

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

test('200 clients are served at once', async () => {
  await using server = await serveNfs(exportsOf())
  const connecting = Array.from({ length: 200 }, () => RpcClient.connect({ host: '127.0.0.1', port: server.port }))
  const clients = await Promise.all(connecting)
  const texts = await Promise.all(
    clients.map(async (client) => readText(client, await lookup(client, await mountRoot(client, '/tar'), 'hello'))),
  )
  assert.deepEqual(new Set(texts), new Set(['hello from the server\n']))
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))
})

test('serve nfs says what is wrong with its arguments', async () => {
  await using server = await serveNfs(exportsOf())
  const taken = `127.0.0.1:${server.port}`
  await writeFile(join(work, 'no.tar'), 'this is not an archive'.repeat(100))
  const cases: [args: string[], status: number, words: RegExp][] = [
    [[`dir=${tree},rw,no_root_squash`], 2, /to more than one machine.*write no_root_squash twice/],
    [[`tar=${join(work, 'tree.tar')}`, '--rw'], 2, /it is an archive, which nothing changes; want upper=DIRECTORY/],
    [['/srv'], 2, /Cannot export "\/srv", want NAME=DIRECTORY or NAME=TAR, the name without \//],
    [[`a/b=${tree}`], 2, /want NAME=DIRECTORY or NAME=TAR/],
    [['x=/nothing/there'], 2, /Cannot export "\/nothing\/there" as x: ENOENT/],
    [[`x=${tree}`, `x=${tree}`], 2, /Cannot export \/x twice: each needs its own name/],
    [['x=/dev/null'], 2, /Cannot export "\/dev\/null": want a directory or a tar archive/],
    [[`x=${join(work, 'no.tar')}`], 1, /Cannot serve no\.tar as a tar archive/],
    [[`x=${tree}`, '--listen', 'here'], 2, /Cannot listen on "here"/],
    [[`x=${tree}`, '--listen', taken], 1, /TCP port \d+ is in use by netroot \(pid \d+\)/],
  ]
  for (const [args, status, words] of cases) {
    const ended = await runToEnd(NETROOT, ['serve', 'nfs', '--listen', '127.0.0.1:0', ...args])
    assert.match(ended.stderr, words)
    assert.deepEqual([ended.status, ended.stdout], [status, ''], args.join(' '))
  }
})
