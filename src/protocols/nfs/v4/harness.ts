import type { FileTree } from '../../../storage/file-tree.ts'
import type { TreeErrorCode } from '../../../storage/writable-tree.ts'
import { silent } from '../../../sys/log.ts'
import { BlockPool } from '../../rpc/block-pool.ts'
import { encodeCall } from '../../rpc/call.ts'
import type { Credential } from '../../rpc/credential.ts'
import { Dispatcher, type ProgramTable, programTable } from '../../rpc/dispatcher.ts'
import { decodeReplyHeader } from '../../rpc/message.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { fixedExports } from '../export.ts'
import { KEY, ROOT_CREDENTIAL, VERIFIER, smallTree } from '../harness.ts'
import { Locator } from '../located.ts'
import type { MountEvent } from '../mount/program.ts'
import { type Policy, READ_ONLY } from '../policy.ts'
import { WriteVerifier } from '../write-verifier.ts'
import { bitmapOf, writeBitmap } from './bitmap.ts'
import { OP } from './constants.ts'
import { Namespace } from './namespace.ts'
import { nfs4Procedures } from './program.ts'
import { StateKeeper, type StateKeeperOptions } from './state-keeper.ts'
import { NFS4 } from './status.ts'

/** For tests: version 4 over a small tree, called without a socket. */

/** One operation of a compound: writes its number and arguments. */
export type Op = (w: XdrWriter) => unknown

export interface HarnessOptions extends Omit<StateKeeperOptions, 'now'> {
  readonly tree?: FileTree
  /** Of the first export. */
  readonly policy?: Policy
  readonly onRefusal?: (code: TreeErrorCode) => void
}

/** What a compound came to: its status, and a reader behind the results of all operations that were carried out. */
export interface Answer {
  readonly status: number
  readonly count: number
  /** At the first result's operation number. */
  readonly results: XdrReader
  readonly bytes: Buffer
}

/** A service over one tree, exported as /release/one, with a clock that only tests move. */
export class Harness4 {
  /** Milliseconds. */
  clock = 1_000_000
  readonly mounts: MountEvent[] = []
  policy: Policy
  readonly keeper: StateKeeper
  readonly #programs: ProgramTable
  readonly #dispatcher: Dispatcher
  readonly #pool = new BlockPool()

  static async open(options: HarnessOptions = {}): Promise<Harness4> {
    let now = (): number => 1_000_000
    const keeper = await StateKeeper.open({ ...options, now: () => now() })
    const harness = new Harness4(keeper, options)
    now = () => harness.clock
    return harness
  }

  private constructor(
    keeper: StateKeeper,
    { tree = smallTree(), policy = () => READ_ONLY, onRefusal }: HarnessOptions,
  ) {
    this.keeper = keeper
    this.policy = policy
    const one = { path: '/release/one', key: KEY, tree, ...(onRefusal === undefined ? {} : { onRefusal }) }
    const exports = fixedExports([
      { ...one, policy: (client) => this.policy(client) },
      { path: '/two', key: KEY.map((byte) => byte ^ 0xff), tree: smallTree() },
    ])
    const locator = new Locator(exports)
    const versions = new Map([
      [
        4,
        nfs4Procedures({
          namespace: new Namespace(exports, locator),
          keeper,
          scope: 'here',
          writeVerifier: new WriteVerifier(VERIFIER),
          requestBytes: 128 * 1024,
          onMount: (event) => void this.mounts.push(event),
          onRead: undefined,
          log: silent,
        }),
      ],
    ])
    this.#programs = programTable([{ number: 100_003, name: 'nfs', versions }])
    this.#dispatcher = new Dispatcher(this.#programs, { address: '10.0.0.9', port: 700 })
  }

  /** The reply to one record, without record mark. @throws {WireError} if the connection would be closed */
  answer(record: Uint8Array): Promise<Buffer> {
    return this.#answer(this.#dispatcher, record)
  }
  /** Another machine. */
  at(address: string): Answerer {
    const dispatcher = new Dispatcher(this.#programs, { address, port: 700 })
    return { answer: (record) => this.#answer(dispatcher, record) }
  }
  async #answer(dispatcher: Dispatcher, record: Uint8Array): Promise<Buffer> {
    const w = new XdrWriter(this.#pool)
    await dispatcher.answer(record, w)
    const chunk = w.takeAll()
    if (chunk === undefined) return Buffer.alloc(0)
    this.#pool.release(chunk.block)
    return Buffer.from(chunk.bytes)
  }

  /** Carries out a compound. */
  compound(minor: number, ops: readonly Op[], credential = ROOT_CREDENTIAL): Promise<Answer> {
    return sendCompound(this, minor, ops, credential)
  }
}

/** Whatever answers records: a harness, or a server at the other end of a connection. */
interface Answerer {
  answer(record: Uint8Array): Promise<Buffer>
}

async function sendCompound(
  to: Answerer,
  minor: number,
  ops: readonly Op[],
  credential = ROOT_CREDENTIAL,
): Promise<Answer> {
  const bytes = await to.answer(compoundCall(minor, ops, credential))
  const results = new XdrReader('reply', bytes)
  const header = decodeReplyHeader(results)
  if (header.kind === 'denied' || header.status !== 0) throw new Error(`RPC status ${header.status}`)
  const status = results.u32('status')
  results.opaque(1024, 'tag')
  return { status, count: results.u32('count'), results, bytes: bytes.subarray(bytes.byteLength - results.remaining) }
}

/** The record of a compound's call. */
export function compoundCall(minor: number, ops: readonly Op[], credential = ROOT_CREDENTIAL): Buffer {
  const call = { xid: 1, program: 100_003, version: 4, procedure: 1, credential }
  return encodeCall(call, (w) => {
    w.string('tag').u32(minor).u32(ops.length)
    for (const op of ops) op(w)
  }).subarray(4)
}

/** Reads the head of the next result. @throws if it is of another operation, or not NFS4_OK */
export function expectOk(results: XdrReader, operation: number): XdrReader {
  const [found, status] = [results.u32('operation'), results.u32('status')]
  if (found !== operation || status !== NFS4.ok) throw new Error(`operation ${found}: ${status}, want ${operation}: 0`)
  return results
}

export const putRoot: Op = (w) => w.u32(OP.putRootHandle)
export const getHandle: Op = (w) => w.u32(OP.getHandle)
export const lookupOp =
  (name: string): Op =>
  (w) =>
    w.u32(OP.lookup).string(name)
/** The path of the small tree's export, then these names. */
export const walk = (...names: readonly string[]): readonly Op[] => [
  putRoot,
  ...['release', 'one', ...names].map((name) => lookupOp(name)),
]
export const getAttributesOp =
  (...numbers: readonly number[]): Op =>
  (w) =>
    writeBitmap(w.u32(OP.getAttributes), bitmapOf(numbers))

/** A client of version 4.1 or 4.2 with a session and one slot in use. */
export class SessionClient {
  readonly #harness: Answerer
  readonly minor: number
  readonly name: string
  clientId: Buffer = Buffer.alloc(8)
  session: Buffer = Buffer.alloc(16)
  sequence = 0
  readonly #verifier: string

  constructor(harness: Answerer, name = 'pc1', minor = 2, verifier = 'boot-one') {
    this.#harness = harness
    this.name = name
    this.minor = minor
    this.#verifier = verifier
  }

  /** EXCHANGE_ID, CREATE_SESSION and, unless it wants to reclaim first, RECLAIM_COMPLETE. */
  static async connect(
    harness: Answerer,
    options: { name?: string; minor?: number; verifier?: string; reclaims?: boolean } = {},
  ): Promise<SessionClient> {
    const client = new SessionClient(harness, options.name, options.minor, options.verifier)
    await client.exchangeId()
    await client.createSession()
    if (options.reclaims !== true) await client.run([(w) => w.u32(OP.reclaimComplete).bool(false)])
    return client
  }

  async exchangeId(): Promise<number> {
    const { results } = await sendCompound(this.#harness, this.minor, [
      (w) => w.u32(OP.exchangeId).fixed(Buffer.from(this.#verifier)).string(this.name).u32(0).u32(0).u32(0),
    ])
    expectOk(results, OP.exchangeId)
    this.clientId = Buffer.from(results.fixed(8, 'client id'))
    this.createSequence = results.u32('sequence')
    return results.u32('flags')
  }
  createSequence = 0

  createSessionOp(): Op {
    return (w) => {
      w.u32(OP.createSession).fixed(this.clientId).u32(this.createSequence).u32(0)
      w.u32(0).u32(1_100_000).u32(1_100_000).u32(8192).u32(16).u32(64).u32(0)
      w.u32(0).u32(4096).u32(4096).u32(0).u32(2).u32(16).u32(0)
      w.u32(0x4000_0000).u32(1).u32(0) // callback program, one security: AUTH_NONE
    }
  }
  async createSession(): Promise<void> {
    const { results } = await sendCompound(this.#harness, this.minor, [this.createSessionOp()])
    expectOk(results, OP.createSession)
    this.session = Buffer.from(results.fixed(16, 'session'))
    this.sequence = 0
  }

  sequenceOp(sequence = this.sequence, cache = false, slot = 0): Op {
    return (w) => w.u32(OP.sequence).fixed(this.session).u32(sequence).u32(slot).u32(slot).bool(cache)
  }
  /** A compound with a new SEQUENCE before it, whose result is read already if it was NFS4_OK. */
  async run(ops: readonly Op[], options: { cache?: boolean; credential?: Credential } = {}): Promise<Answer> {
    this.sequence += 1
    return await this.send(this.sequence, ops, options)
  }
  /** The same with the last sequence number, as after a lost reply. */
  again(ops: readonly Op[], options: { cache?: boolean } = {}): Promise<Answer> {
    return this.send(this.sequence, ops, options)
  }
  async send(
    sequence: number,
    ops: readonly Op[],
    { cache = false, credential = ROOT_CREDENTIAL }: { cache?: boolean; credential?: Credential } = {},
  ): Promise<Answer> {
    const all = [this.sequenceOp(sequence, cache), ...ops]
    const answer = await sendCompound(this.#harness, this.minor, all, credential)
    if (answer.status !== NFS4.ok && answer.count === 1) return answer
    expectOk(answer.results, OP.sequence).fixed(16 + 5 * 4, 'SEQUENCE results')
    return answer
  }
}

/** OPEN of the current directory's name, in version 4.1 and 4.2. */
export const openOp =
  (name: string, { access = 1, deny = 0, owner = 'process' } = {}): Op =>
  (w) => {
    w.u32(OP.open).u32(0).u32(access).u32(deny).u64(0).string(owner)
    w.u32(0).u32(0).string(name)
  }
