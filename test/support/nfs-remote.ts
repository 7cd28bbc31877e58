import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { ATTRIBUTE } from '../../src/protocols/nfs/v4/attribute.ts'
import { bitmapOf, writeBitmap } from '../../src/protocols/nfs/v4/bitmap.ts'
import { OP } from '../../src/protocols/nfs/v4/constants.ts'
import { type Op, SessionClient, expectOk, getHandle, lookupOp, putRoot } from '../../src/protocols/nfs/v4/harness.ts'
import { mode, size } from '../../src/protocols/nfs/v3/arguments.ts'
import { RpcClient } from '../../src/protocols/rpc/client.ts'
import { RecordAssembler } from '../../src/protocols/rpc/record.ts'
import type { XdrReader } from '../../src/protocols/rpc/xdr-reader.ts'
import type { XdrWriter } from '../../src/protocols/rpc/xdr-writer.ts'
import type { NodeId } from '../../src/storage/file-tree.ts'
import type { ChangedTree } from '../../src/storage/model.ts'
import { type AttributeChanges, TreeError } from '../../src/storage/writable-tree.ts'
import type { ByteString } from '../../src/wire/bytestring.ts'

/** For tests: an export as a tree that can be changed, through a connection. Handles are numbered as they are met. */

/** A tree at the other end, which a server that was started again still knows. */
export interface RemoteTree extends ChangedTree, AsyncDisposable {
  reconnect(port: number): Promise<void>
}

const HOST = '127.0.0.1'
const CREDENTIAL = {
  flavor: 'sys',
  machineName: 'tester',
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  gids: [],
} as const

class Handles {
  readonly #numbers = new Map<string, NodeId>()
  readonly #handles: Buffer[] = []

  number(handle: Buffer): NodeId {
    const key = handle.toString('hex')
    const known = this.#numbers.get(key) ?? this.#handles.push(Buffer.from(handle)) - 1
    this.#numbers.set(key, known)
    return known
  }
  get(node: NodeId): Buffer {
    return this.#handles[node] ?? Buffer.alloc(0)
  }
}

/** Whatever the status is: the model asks only whether it was refused. */
function refuse(status: number): never {
  throw new TreeError('EIO', `NFS status ${status}`)
}
const NO_ENTRY = 2

/** An export of version 3. */
export class RemoteTree3 implements RemoteTree {
  readonly root: NodeId
  readonly #handles = new Handles()
  #client: RpcClient

  static async mount(port: number, path: string): Promise<RemoteTree3> {
    const client = await RpcClient.connect({ host: HOST, port, credential: CREDENTIAL })
    const reply = await client.call({ program: 100_005, version: 3, procedure: 1 }, (w) => w.string(path))
    if (reply.u32('status') !== 0) throw new Error(`Cannot mount ${path}`)
    return new RemoteTree3(client, reply.opaque(64, 'handle'))
  }
  private constructor(client: RpcClient, root: Buffer) {
    this.#client = client
    this.root = this.#handles.number(root)
  }
  async reconnect(port: number): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
    this.#client = await RpcClient.connect({ host: HOST, port, credential: CREDENTIAL })
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]()
  }

  async lookup(directory: NodeId, name: ByteString): Promise<NodeId | undefined> {
    const reply = await this.#call(3, (w) => w.opaque(this.#handles.get(directory)).string(name))
    const status = reply.u32('status')
    if (status === NO_ENTRY) return undefined
    return status === 0 ? this.#handles.number(reply.opaque(64, 'handle')) : refuse(status)
  }
  createFile(directory: NodeId, name: ByteString, { mode: value }: { readonly mode: number }) {
    return this.#make(8, directory, name, (w) => mode(value)(w.u32(1)))
  }
  makeDirectory(directory: NodeId, name: ByteString, { mode: value }: { readonly mode: number }) {
    return this.#make(9, directory, name, mode(value))
  }
  makeSymlink(directory: NodeId, name: ByteString, target: ByteString) {
    return this.#make(10, directory, name, (w) => (mode(0o777)(w), w.string(target)))
  }
  unlink(directory: NodeId, name: ByteString): Promise<void> {
    return this.#do(12, (w) => w.opaque(this.#handles.get(directory)).string(name))
  }
  removeDirectory(directory: NodeId, name: ByteString): Promise<void> {
    return this.#do(13, (w) => w.opaque(this.#handles.get(directory)).string(name))
  }
  rename(directory: NodeId, name: ByteString, toDirectory: NodeId, toName: ByteString): Promise<void> {
    return this.#do(14, (w) =>
      w.opaque(this.#handles.get(directory)).string(name).opaque(this.#handles.get(toDirectory)).string(toName),
    )
  }
  link(node: NodeId, directory: NodeId, name: ByteString): Promise<void> {
    return this.#do(15, (w) => w.opaque(this.#handles.get(node)).opaque(this.#handles.get(directory)).string(name))
  }
  setAttributes(node: NodeId, changes: AttributeChanges): Promise<void> {
    return this.#do(2, (w) => {
      w.opaque(this.#handles.get(node))
      if (changes.size === undefined) mode(changes.mode ?? 0)(w)
      else size(changes.size)(w)
      w.u32(0)
    })
  }
  /** What the server calls it by. */
  handleOf(node: NodeId): Buffer {
    return this.#handles.get(node)
  }
  /** The first bytes of a file. @throws {TreeError} */
  async read(node: NodeId): Promise<string> {
    const reply = await this.#call(6, (w) => w.opaque(this.#handles.get(node)).u64(0).u32(100))
    const status = reply.u32('status')
    if (status !== 0) refuse(status)
    reply.fixed(88 + 8, 'attributes, count, eof')
    return reply.opaque(100, 'data').toString()
  }
  open(node: NodeId) {
    const write = (bytes: Uint8Array, position: number): Promise<void> =>
      this.#do(7, (w) => w.opaque(this.#handles.get(node)).u64(position).u32(bytes.byteLength).u32(2).opaque(bytes))
    return { write, close: () => Promise.resolve() }
  }

  async #make(procedure: number, directory: NodeId, name: ByteString, rest: Op): Promise<{ readonly node: NodeId }> {
    await this.#do(procedure, (w) => rest(w.opaque(this.#handles.get(directory)).string(name)))
    return { node: (await this.lookup(directory, name)) ?? refuse(NO_ENTRY) }
  }
  async #do(procedure: number, args: Op): Promise<void> {
    const status = (await this.#call(procedure, args)).u32('status')
    if (status !== 0) refuse(status)
  }
  #call(procedure: number, args: Op): Promise<XdrReader> {
    return this.#client.call({ program: 100_003, version: 3, procedure }, args)
  }
}

/** A connection on which one reply is waited for at a time. */
export class Wire {
  readonly socket: Socket
  readonly #assembler = new RecordAssembler(2 ** 21)

  /** @param from where it comes from: an address of this host, a port */
  static async open(
    port: number,
    from: { readonly localAddress?: string; readonly localPort?: number } = {},
  ): Promise<Wire> {
    const socket = connect({ port, host: HOST, noDelay: true, ...from })
    await once(socket, 'connect')
    return new Wire(socket)
  }
  private constructor(socket: Socket) {
    this.socket = socket
  }
  async answer(record: Uint8Array): Promise<Buffer> {
    const mark = Buffer.alloc(4)
    mark.writeUInt32BE(0x8000_0000 + record.byteLength)
    this.socket.write(Buffer.concat([mark, record]))
    for (;;) {
      const reply = this.#assembler.next()
      if (reply !== undefined) return reply
      const [chunk] = (await once(this.socket, 'data')) as [Buffer]
      this.#assembler.push(chunk)
    }
  }
}

const CURRENT = Buffer.from(`00000001${'00'.repeat(12)}`, 'hex')
const SAVE: Op = (w) => w.u32(OP.saveHandle)
const modeOf = (w: XdrWriter, value: number): unknown => {
  writeBitmap(w, bitmapOf([ATTRIBUTE.mode]))
  return w.u32(4).u32(value)
}
const openOp =
  (how: Op): Op =>
  (w) => {
    w.u32(OP.open).u32(0).u32(3).u32(0).u64(0).string('process')
    how(w)
  }
const closeOp: Op = (w) => w.u32(OP.close).u32(0).fixed(CURRENT)

/** An export of version 4.1 or 4.2. */
export class RemoteTree4 implements RemoteTree {
  readonly root: NodeId
  readonly #minor: number
  readonly #handles = new Handles()
  #wire: Wire
  #client: SessionClient
  #run = 0

  static async mount(port: number, minor: number, path: string): Promise<RemoteTree4> {
    const wire = await Wire.open(port)
    const client = await SessionClient.connect(wire, { minor, name: 'tester', verifier: 'run 0000' })
    const names = path.split('/').filter((name) => name !== '')
    const { status, results } = await client.run([putRoot, ...names.map(lookupOp), getHandle])
    if (status !== 0) throw new Error(`Cannot mount ${path}: ${status}`)
    expectOk(results, OP.putRootHandle)
    names.forEach(() => expectOk(results, OP.lookup))
    return new RemoteTree4(wire, client, minor, expectOk(results, OP.getHandle).opaque(128, 'handle'))
  }
  private constructor(wire: Wire, client: SessionClient, minor: number, root: Buffer) {
    this.#wire = wire
    this.#client = client
    this.#minor = minor
    this.root = this.#handles.number(root)
  }
  async reconnect(port: number): Promise<void> {
    this.#wire.socket.destroy()
    this.#wire = await Wire.open(port)
    this.#run += 1
    const verifier = `run ${String(this.#run).padStart(4, '0')}`
    this.#client = await SessionClient.connect(this.#wire, { minor: this.#minor, name: 'tester', verifier })
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.#wire.socket.destroy()
  }

  async lookup(directory: NodeId, name: ByteString): Promise<NodeId | undefined> {
    const { status, results } = await this.#run4([this.#put(directory), lookupOp(name), getHandle])
    if (status === NO_ENTRY) return undefined
    if (status !== 0) refuse(status)
    expectOk(results, OP.putHandle)
    expectOk(results, OP.lookup)
    return this.#handles.number(expectOk(results, OP.getHandle).opaque(128, 'handle'))
  }
  createFile(directory: NodeId, name: ByteString, { mode: value }: { readonly mode: number }) {
    const guarded = openOp((w) => (modeOf(w.u32(1).u32(1), value), w.u32(0).string(name)))
    return this.#make(directory, name, [guarded, closeOp])
  }
  makeDirectory(directory: NodeId, name: ByteString, { mode: value }: { readonly mode: number }) {
    return this.#make(directory, name, [(w) => modeOf(w.u32(OP.create).u32(2).string(name), value)])
  }
  makeSymlink(directory: NodeId, name: ByteString, target: ByteString) {
    return this.#make(directory, name, [(w) => modeOf(w.u32(OP.create).u32(5).string(target).string(name), 0o777)])
  }
  async unlink(directory: NodeId, name: ByteString): Promise<void> {
    if (await this.#isDirectory(directory, name)) refuse(21)
    await this.#remove(directory, name)
  }
  async removeDirectory(directory: NodeId, name: ByteString): Promise<void> {
    if (!(await this.#isDirectory(directory, name))) refuse(20)
    await this.#remove(directory, name)
  }
  rename(directory: NodeId, name: ByteString, toDirectory: NodeId, toName: ByteString): Promise<void> {
    return this.#do([
      this.#put(directory),
      SAVE,
      this.#put(toDirectory),
      (w) => w.u32(OP.rename).string(name).string(toName),
    ])
  }
  link(node: NodeId, directory: NodeId, name: ByteString): Promise<void> {
    return this.#do([this.#put(node), SAVE, this.#put(directory), (w) => w.u32(OP.link).string(name)])
  }
  setAttributes(node: NodeId, changes: AttributeChanges): Promise<void> {
    const anonymous = Buffer.alloc(16)
    return this.#do([
      this.#put(node),
      (w) => {
        w.u32(OP.setAttributes).fixed(anonymous)
        if (changes.size === undefined) return modeOf(w, changes.mode ?? 0)
        writeBitmap(w, bitmapOf([ATTRIBUTE.size]))
        return w.u32(8).u64(changes.size)
      },
    ])
  }
  open(node: NodeId) {
    const byHandle = openOp((w) => w.u32(0).u32(4))
    const write = (bytes: Uint8Array, position: number): Promise<void> =>
      this.#do([
        this.#put(node),
        byHandle,
        (w) => w.u32(OP.write).fixed(CURRENT).u64(position).u32(2).opaque(bytes),
        closeOp,
      ])
    return { write, close: () => Promise.resolve() }
  }

  async #isDirectory(directory: NodeId, name: ByteString): Promise<boolean> {
    const node = (await this.lookup(directory, name)) ?? refuse(NO_ENTRY)
    const { status } = await this.#run4([this.#put(node), lookupOp('.none')])
    return status === NO_ENTRY // of what is none it is another
  }
  #remove(directory: NodeId, name: ByteString): Promise<void> {
    return this.#do([this.#put(directory), (w) => w.u32(OP.remove).string(name)])
  }
  async #make(directory: NodeId, name: ByteString, ops: readonly Op[]): Promise<{ readonly node: NodeId }> {
    await this.#do([this.#put(directory), ...ops])
    return { node: (await this.lookup(directory, name)) ?? refuse(NO_ENTRY) }
  }
  async #do(ops: readonly Op[]): Promise<void> {
    const { status } = await this.#run4(ops)
    if (status !== 0) refuse(status)
  }
  #put(node: NodeId): Op {
    return (w) => w.u32(OP.putHandle).opaque(this.#handles.get(node))
  }
  #run4(ops: readonly Op[]) {
    return this.#client.run(ops, { credential: CREDENTIAL })
  }
}
