import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { OP } from '../../src/protocols/nfs/v4/constants.ts'
import { type Op, SessionClient, compoundCall, lookupOp, openOp, putRoot } from '../../src/protocols/nfs/v4/harness.ts'
import { encodeCall } from '../../src/protocols/rpc/call.ts'
import { CommandError, run } from '../../src/sys/run.ts'
import { nfsUrl, serveNfs } from '../support/nfs-server.ts'
import { Wire } from '../support/nfs-wire.ts'

/* Version 4 over TCP: libnfs speaks 4.0; 4.1 and 4.2 are spoken by hand, and by the kernel in test/vm/nfs4.test.ts. */

const MIB = 1024 * 1024
let work: string
let exports: readonly string[]
let bigHash: string

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'netroot-nfs4-'))
  const tree = join(work, 'tree')
  await mkdir(join(tree, 'sub/below'), { recursive: true })
  await writeFile(join(tree, 'hello'), 'hello from the server\n')
  await writeFile(join(tree, 'sub/below/deep'), 'deep\n')
  const big = Buffer.concat(
    Array.from({ length: 32 }, (_, at) => Buffer.alloc(MIB, createHmac('sha256', 'big').update(`${at}`).digest())),
  )
  bigHash = createHash('sha256').update(big).digest('hex')
  await writeFile(join(tree, 'big'), big)
  await run('tar', ['-C', tree, '-cf', join(work, 'tree.tar'), '.'])
  exports = [`dir=${tree}`, `tar=${join(work, 'tree.tar')}`]
})
after(() => rm(work, { recursive: true, force: true }))

const saveOp: Op = (w) => w.u32(OP.saveHandle)
const restoreOp: Op = (w) => w.u32(OP.restoreHandle)

const url = (port: number, path: string): string => nfsUrl(port, path).replace('version=3', 'version=4')

test('libnfs reads a directory and a tar by NFSv4.0, and lists the exports at the root of all', async () => {
  await using server = await serveNfs(exports)
  const roots = (await run('nfs-ls', [url(server.port, '/')])).toString()
  assert.deepEqual(roots.match(/ (?:dir|tar)$/gm)?.sort(), [' dir', ' tar'])
  for (const name of ['dir', 'tar']) {
    assert.equal((await run('nfs-cat', [url(server.port, `/${name}/sub/below/deep`)])).toString(), 'deep\n')
    const list = (await run('nfs-ls', [url(server.port, `/${name}/sub`)])).toString()
    assert.match(list, /^drwx\S+ +2 .* below\n$/)
    const copy = join(work, `copy-of-${name}`)
    await run('nfs-cp', [url(server.port, `/${name}/big`), copy])
    assert.equal(
      createHash('sha256')
        .update(await readFile(copy))
        .digest('hex'),
      bigHash,
    )
  }
})

test('libnfs is told by NFSv4.0 that an export is not there, and that nothing can be written', async () => {
  await using server = await serveNfs(exports)
  const fails = (words: RegExp) => (error: unknown) => error instanceof CommandError && words.test(error.stderr)
  await assert.rejects(run('nfs-cat', [url(server.port, '/nothing/hello')]), fails(/NOENT|Failed to/))
  await assert.rejects(run('nfs-cp', [join(work, 'tree/hello'), url(server.port, '/dir/new')]), fails(/ROFS|Failed to/))
})

test('libnfs writes by NFSv4.0 what is exported with rw', async () => {
  const directory = join(work, 'writable')
  await mkdir(directory)
  await using server = await serveNfs([`rw=${directory},rw,no_root_squash,client=127.0.0.1`])
  const some = Buffer.alloc(2000, 'some of it\n') // libnfs 4 of Debian 12 has no room for more in a call of version 4
  await writeFile(join(work, 'some'), some)
  await run('nfs-cp', [join(work, 'some'), url(server.port, '/rw/some')])
  assert.deepEqual(await readFile(join(directory, 'some')), some)
  const list = (await run('nfs-ls', [url(server.port, '/rw')])).toString()
  assert.match(list, /^-rw\S+ +1 +0 +0 +2000 some\n$/)
})

test('version 2 is told which versions there are: 3 and 4', async () => {
  await using server = await serveNfs(exports)
  await using wire = await Wire.open(server.port)
  const reply = await wire.answer(encodeCall({ xid: 1, program: 100_003, version: 2, procedure: 0 }).subarray(4))
  assert.deepEqual([reply.readUInt32BE(20), reply.readUInt32BE(24), reply.readUInt32BE(28)], [2, 3, 4])
})

test('a compound byte by byte and in fragments of one byte is answered, one of 10 000 operations is cut off', async () => {
  await using server = await serveNfs(exports)
  await using wire = await Wire.open(server.port)
  const walk = compoundCall(0, [putRoot, lookupOp('dir'), lookupOp('hello')])
  const whole = await wire.answer(walk)
  assert.equal(whole.readUInt32BE(24), 0)
  assert.deepEqual(await wire.answer(walk, 1), whole)
  const fragments = Array.from(walk, (byte, at) => Buffer.from([at + 1 === walk.byteLength ? 0x80 : 0, 0, 0, 1, byte]))
  wire.socket.write(Buffer.concat(fragments))
  assert.deepEqual(await wire.receive(), whole)
  const many = await wire.answer(
    compoundCall(
      0,
      Array.from({ length: 10_000 }, () => putRoot),
    ),
  )
  assert.equal(many.readUInt32BE(24), 10_018, 'NFS4ERR_RESOURCE')
})

/** OPEN of the current file, as it was open before the server's restart, with others kept from reading. */
const reclaimOp: Op = (w) => w.u32(OP.open).u32(0).u32(1).u32(1).u64(0).string('process').u32(0).u32(1).u32(0)

test('a client takes back what it held when the server was killed and started again; until then nobody else gets it', async () => {
  const withState = [...exports, '--state', join(work, 'state')]
  const first = await serveNfs(withState)
  {
    await using wire = await Wire.open(first.port)
    const holder = await SessionClient.connect(wire, { name: 'holder' })
    const { status } = await holder.run([putRoot, lookupOp('tar'), openOp('hello', { deny: 1 })])
    assert.equal(status, 0)
    await first.kill()
  }
  await using second = await serveNfs(withState, first.port)
  await using wire = await Wire.open(second.port)
  const other = await SessionClient.connect(wire, { name: 'other' })
  const openAsOther = () => other.run([putRoot, lookupOp('tar'), openOp('hello')])
  assert.equal((await openAsOther()).status, 10_013, 'NFS4ERR_GRACE')
  const holder = await SessionClient.connect(wire, { name: 'holder', reclaims: true })
  assert.equal((await holder.run([putRoot, lookupOp('tar'), lookupOp('hello'), reclaimOp])).status, 0)
  await holder.run([(w) => w.u32(OP.reclaimComplete).bool(false)])
  assert.equal((await openAsOther()).status, 10_015, 'NFS4ERR_SHARE_DENIED')
})

test('200 clients with a session and an open file each cost a few MiB; one that opens 100 000 files is stopped', async () => {
  await using server = await serveNfs(exports)
  const resident = async (): Promise<number> => {
    const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024
  }
  await using wires = new AsyncDisposableStack()
  const clientOn = async (name: string): Promise<SessionClient> => {
    const wire = wires.use(await Wire.open(server.port))
    return await SessionClient.connect(wire, { name })
  }
  const open = (client: SessionClient, owner: string) =>
    client.run([putRoot, lookupOp('tar'), openOp('hello', { owner })], { cache: true })
  await open(await clientOn('first'), 'process')
  const atFirst = await resident()
  for (let at = 0; at < 200; at += 1) assert.equal((await open(await clientOn(`pc${at}`), 'process')).status, 0)
  const grown = (await resident()) - atFirst
  assert.ok(grown < 40, `200 clients cost ${grown} MiB`)
  const greedy = await clientOn('greedy')
  let opened = 0
  for (let status = 0; opened < 100_000 && status === 0; ) {
    const six = Array.from({ length: 6 }, (_, at) => [
      openOp('hello', { owner: `process${opened + at}` }),
      restoreOp,
    ]).flat()
    const answer = await greedy.run([putRoot, lookupOp('tar'), saveOp, ...six])
    status = answer.status
    opened += Math.floor((answer.count - 4) / 2) // of those that were answered the last was refused, or led back
  }
  assert.equal(opened, 32_768)
  assert.equal((await open(await clientOn('next'), 'process')).status, 0)
  assert.ok((await resident()) < 400, `the server has ${await resident()} MiB`)
})
