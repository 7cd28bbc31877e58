import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { OP } from '../../src/protocols/nfs/v4/constants.ts'
import { type Answer, type Op, SessionClient, lookupOp, putRoot } from '../../src/protocols/nfs/v4/harness.ts'
import { CommandError, run } from '../../src/sys/run.ts'
import { NETROOT } from '../support/netroot.ts'
import { type NfsProcess, serveNfs } from '../support/nfs-server.ts'
import { Wire } from '../support/nfs-wire.ts'

/* Servers that are killed, started again, started twice, or whose disk is full; their clients speak version 4.2. */

const [OK, DENIED, GRACE, RECLAIM_BAD] = [0, 10_010, 10_013, 10_034]
const CLIENTS = 200
const BYTES_EACH = 100
const [READ_WRITE, WRITE_LOCK] = [3, 2]

let work: string
let home: string
let exports: readonly string[]

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'netroot-nfs-life-'))
  home = join(work, 'home')
  await mkdir(home)
  await writeFile(join(home, 'shared'), Buffer.alloc(CLIENTS * BYTES_EACH, 'a'))
  exports = [`home=${home},rw,no_root_squash,client=127.0.0.1`]
})
after(() => rm(work, { recursive: true, force: true }))

const state = (name: string): readonly string[] => ['--state', join(work, name)]
const inFile = [putRoot, lookupOp('home'), lookupOp('shared')]
const openOp: Op = (w) =>
  w.u32(OP.open).u32(0).u32(READ_WRITE).u32(0).u64(0).string('process').u32(0).u32(0).string('shared')
const reclaimOp: Op = (w) => w.u32(OP.open).u32(0).u32(READ_WRITE).u32(0).u64(0).string('process').u32(0).u32(1).u32(0)
const completeOp: Op = (w) => w.u32(OP.reclaimComplete).bool(false)
/** The bytes of client `at`, locked for writing by means of the open. */
const lockOp =
  (open: Buffer, at: number, reclaim = false): Op =>
  (w) => {
    w.u32(OP.lock).u32(WRITE_LOCK).bool(reclaim)
    w.u64(at * BYTES_EACH).u64(BYTES_EACH)
    w.bool(true).u32(0).fixed(open).u32(0).u64(0).string('locker')
  }
const testLockOp =
  (at: number): Op =>
  (w) =>
    w
      .u32(OP.testLock)
      .u32(WRITE_LOCK)
      .u64(at * BYTES_EACH)
      .u64(BYTES_EACH)
      .u64(0)
      .string('other')
const writeOp =
  (open: Buffer, at: number, text: string): Op =>
  (w) => {
    w.u32(OP.write).fixed(open)
    w.u64(at * BYTES_EACH)
      .u32(0)
      .opaque(Buffer.from(text))
  }
const commitOp: Op = (w) => w.u32(OP.commit).u64(0).u32(0)

/** Behind the results of these operations, which have none of their own. */
function behind({ results }: Answer, ...operations: readonly number[]): Answer['results'] {
  for (const operation of operations)
    assert.deepEqual([results.u32('operation'), results.u32('status')], [operation, OK])
  return results
}
const WALK = [OP.putRootHandle, OP.lookup]
function openedIn(answer: Answer, ...walk: readonly number[]): Buffer {
  assert.equal(answer.status, OK)
  return Buffer.from(behind(answer, ...walk, OP.open).fixed(16, 'stateid'))
}

/** One client on a connection of its own, which reads, and holds a lock on its part of the file. */
class Holder implements AsyncDisposable {
  readonly #at: number
  readonly #wire: Wire
  readonly client: SessionClient
  open: Buffer = Buffer.alloc(0)

  static async connect(port: number, at: number, reclaims = false): Promise<Holder> {
    const wire = await Wire.open(port)
    return new Holder(at, wire, await SessionClient.connect(wire, { name: `pc${at}`, reclaims }))
  }
  private constructor(at: number, wire: Wire, client: SessionClient) {
    this.#at = at
    this.#wire = wire
    this.client = client
  }
  async take(): Promise<void> {
    this.open = openedIn(await this.client.run([...inFile.slice(0, 2), openOp]), ...WALK)
    assert.equal((await this.client.run([...inFile, lockOp(this.open, this.#at)])).status, OK)
  }
  async takeBack(): Promise<void> {
    this.open = openedIn(await this.client.run([...inFile, reclaimOp]), ...WALK, OP.lookup)
    assert.equal((await this.client.run([...inFile, lockOp(this.open, this.#at, true)])).status, OK)
    assert.equal((await this.client.run([completeOp])).status, OK)
  }
  /** Writes without waiting for the disk. @returns the verifier */
  async write(text: string): Promise<string> {
    const answer = await this.client.run([...inFile, writeOp(this.open, this.#at, text)])
    const results = behind(answer, ...WALK, OP.lookup, OP.write)
    results.u32('count')
    results.u32('committed')
    return results.fixed(8, 'verifier').toString('hex')
  }
  async commit(): Promise<string> {
    const answer = await this.client.run([...inFile, commitOp])
    return behind(answer, ...WALK, OP.lookup, OP.commit)
      .fixed(8, 'verifier')
      .toString('hex')
  }
  async wants(at: number): Promise<number> {
    return (await this.client.run([...inFile, testLockOp(at)])).status
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.#wire[Symbol.asyncDispose]()
  }
}

const numbers = Array.from({ length: CLIENTS }, (_, at) => at)

test('200 clients that read and hold locks have them still when the server was killed and started again', async () => {
  const withState = [...exports, ...state('crowd')]
  const first = await serveNfs(withState)
  await using old = new AsyncDisposableStack()
  const former = await Promise.all(numbers.map(async (at) => old.use(await Holder.connect(first.port, at))))
  await Promise.all(former.map((one) => one.take()))
  const verifiers = await Promise.all(former.map((one, at) => one.write(`written by ${at}.`)))
  await first.kill()

  await using second = await serveNfs(withState, first.port)
  await using stack = new AsyncDisposableStack()
  const stranger = stack.use(await Holder.connect(second.port, CLIENTS))
  assert.equal(await stranger.wants(7), GRACE)
  const again = await Promise.all(numbers.map(async (at) => stack.use(await Holder.connect(second.port, at, true))))
  await Promise.all(again.slice(1).map((one) => one.takeBack()))
  assert.equal(await stranger.wants(7), GRACE, 'one is missing')
  await again[0]?.takeBack()
  for (const at of numbers) assert.equal(await stranger.wants(at), DENIED)
  const committed = await Promise.all(again.map((one) => one.commit()))
  assert.equal(new Set([...verifiers, ...committed]).size, 1, 'the same kernel has what was written')
  const content = await readFile(join(home, 'shared'), 'latin1')
  for (const at of numbers) assert.ok(content.startsWith(`written by ${at}.`, at * BYTES_EACH))
})

test('on another kernel the verifier is another one, so clients send again what they have not committed', async () => {
  const withState = [...exports, ...state('kernels')]
  const first = await serveNfs(withState)
  await using holder = await Holder.connect(first.port, 1)
  await holder.take()
  const verifier = await holder.write('unstable')
  assert.equal(await holder.commit(), verifier)
  await first.kill()
  const other = 'mount --bind "$0" /proc/sys/kernel/random/boot_id; exec "$@"'
  await writeFile(join(work, 'boot-id'), '0e3b5a52-9a43-4a0f-8c1d-6f1c00000001\n')
  const through = ['unshare', '--mount', 'sh', '-c', other, join(work, 'boot-id')]
  await using second = await serveNfs(withState, first.port, through)
  await using again = await Holder.connect(second.port, 1, true)
  await again.takeBack()
  assert.notEqual(await again.commit(), verifier)
})

test('a server killed at any moment leaves records that the next one reads', async () => {
  const withState = [...exports, ...state('killed')]
  const records = join(work, 'killed/nfs-clients')
  let port = 0
  for (let killed = 0; killed < 6; killed += 1) {
    const server: NfsProcess = await serveNfs(withState, port)
    port = server.port
    assert.equal(server.errors, '')
    await using stack = new AsyncDisposableStack()
    const holders = await Promise.all(numbers.slice(0, 20).map(async (at) => stack.use(await Holder.connect(port, at))))
    const opens = holders.map((one) => one.client.run([...inFile.slice(0, 2), openOp]).catch(() => undefined))
    await opens[killed * 3] // while others are being written down
    void server.kill()
    await Promise.race([Promise.all(opens), new Promise((resolve) => server.child.once('close', resolve))])
    for (const name of (await readdir(records)).filter((one) => one.endsWith('.json'))) {
      assert.match(
        await readFile(join(records, name), 'utf8'),
        /^\{"owner":"[0-9a-f]+","exclusive":(?:true|false)\}\n$/,
      )
    }
  }
  await using last = await serveNfs(withState, port)
  assert.equal(last.errors, '')
  assert.deepEqual(
    (await readdir(records)).filter((name) => name.endsWith('.tmp')),
    [],
  )
})

const elsewhere = ['unshare', '--uts', '--pid', '--fork', '--kill-child', 'sh', '-c', 'hostname there; exec "$@"', 'sh']
const refusal = (args: readonly string[]): Promise<string> =>
  run(NETROOT, ['serve', 'nfs', ...args, '--listen', '127.0.0.1:0']).then(
    () => assert.fail('it serves'),
    (error: unknown) => (error instanceof CommandError ? error.stderr : assert.fail(String(error))),
  )

test('of two servers with one state the second is refused, on another host as well', async () => {
  const withState = [...exports, ...state('one')]
  for (const [through, where] of [
    [[], ''],
    [elsewhere, ' on there'],
  ] as const) {
    const first = await serveNfs(withState, 0, through)
    assert.match(await refusal(withState), new RegExp(`nfs-clients is in use by process \\d+${where}: stop it first`))
    await first.kill()
  }
  await using later = await serveNfs(withState)
  assert.equal(later.errors, '')
})

test('of two servers at different addresses one has what a machine keeps; the other serves it once that one has ended', async () => {
  await run('tar', ['-C', home, '-cf', join(work, 'release.tar'), '.'])
  const keep = [`pc7=${join(work, 'release.tar')},upper=${join(work, 'keep')},rw,client=127.0.0.1,no_root_squash`]
  const first = await serveNfs(keep, 0, elsewhere)
  assert.match(await refusal(keep), /keep is in use by process \d+ on there: stop it first/)
  await first.kill()
  await using second = await serveNfs(keep)
  assert.equal(second.errors, '')
})

test('a state directory without room keeps nobody from opening files, and the log says what that means', async () => {
  const full = join(work, 'full')
  await mkdir(full)
  const fill = `mount -t tmpfs -o size=16k tmpfs "$0"; mkdir "$0/nfs-clients"; cat /dev/zero > "$0/fill" 2> "$0/said"; exec "$@"`
  const through = ['unshare', '--mount', 'sh', '-c', fill, full]
  await using server = await serveNfs([...exports, '--state', full], 0, through)
  await using holder = await Holder.connect(server.port, 1)
  await holder.take()
  assert.match(server.errors, /they may not get back what they hold.*no space left on device/)
})

test('a state directory that cannot be read keeps no server from starting', async () => {
  await writeFile(join(work, 'file'), '')
  await using server = await serveNfs([...exports, '--state', join(work, 'file')])
  assert.match(
    server.errors,
    /see that netroot can read and write \S+file\/nfs-clients, and that there is room.*ENOTDIR/,
  )
  await using holder = await Holder.connect(server.port, 1)
  await holder.take()
})

test('records of an earlier version of netroot are read, and no others count', async () => {
  const frozen = new URL('../fixtures/nfs-life/state/', import.meta.url)
  await run('cp', ['-r', frozen.pathname, join(work, 'frozen')])
  await using server = await serveNfs([...exports, ...state('frozen')])
  for (const [name, status] of [
    ['Linux NFSv4.2 52:54:00:00:00:07', OK],
    ['Linux NFSv4.2 52:54:00:00:00:08', RECLAIM_BAD],
  ] as const) {
    await using wire = await Wire.open(server.port)
    const client = await SessionClient.connect(wire, { name, reclaims: true })
    assert.equal((await client.run([...inFile, reclaimOp])).status, status)
  }
  const scope = await readFile(join(work, 'frozen/nfs-clients/server-scope'), 'utf8')
  assert.equal(scope, '5d3b9c1e-7f60-4a52-9d0e-2f4c8b1a6e37\n')
})
