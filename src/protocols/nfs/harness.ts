import { MemoryTree } from '../../storage/memory-tree.ts'
import type { FileTree } from '../../storage/file-tree.ts'
import { silent } from '../../sys/log.ts'
import { encodeCall } from '../rpc/call.ts'
import { type Credential, NO_CREDENTIAL } from '../rpc/credential.ts'
import { Dispatcher, programTable } from '../rpc/dispatcher.ts'
import { decodeReplyHeader } from '../rpc/message.ts'
import { XdrReader } from '../rpc/xdr-reader.ts'
import { XdrWriter } from '../rpc/xdr-writer.ts'
import { aclProgram } from './acl/program.ts'
import { fixedExports } from './export.ts'
import { encodeHandle } from './handle.ts'
import { Locator } from './located.ts'
import { type MountEvent, mountProgram } from './mount/program.ts'
import type { Policy } from './policy.ts'
import { nfsProgram } from './v3/program.ts'
import { WriteVerifier } from './write-verifier.ts'

/** For tests: the programs over a small tree, called without a socket. */

export const KEY: Uint8Array = Uint8Array.from({ length: 16 }, (_, at) => 0xa0 + at)
/** As a word of an unsigned 64-bit number. */
export const VERIFIER: Uint8Array = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8])
export const ROOT_CREDENTIAL: Credential = { flavor: 'sys', machineName: 'pc1', uid: 0, gid: 0, gids: [] }
const MODIFIED = { seconds: 0x65c0_0000, nanoseconds: 0x0a }

/** Node numbers in the order of the entries: the root is 1. */
export const NODE = { root: 1, etc: 2, hostname: 3, bin: 4, tool: 5, dev: 6, null: 7, secret: 8 } as const

/** A new tree of the nodes above. */
export function smallTree(): MemoryTree {
  const common = { modified: MODIFIED }
  return new MemoryTree([
    { path: '.', ...common },
    { path: 'etc', ...common },
    { path: 'etc/hostname', content: 'diskless\n', gid: 5, ...common },
    { path: 'bin', target: 'usr/bin', ...common },
    { path: 'tool', content: Buffer.alloc(5000, 't'), mode: 0o4755, usedBytes: 4096, ...common },
    { path: 'dev', ...common },
    { path: 'dev/null', type: 'character', mode: 0o666, device: { major: 1, minor: 3 }, ...common },
    { path: 'secret', mode: 0o700, uid: 1000, ...common },
  ])
}

/** A service over one tree, exported as /release/one, and what it told of mounts and reads. */
export class Harness {
  readonly mounts: MountEvent[] = []
  readonly reads: (readonly [string, string, number])[] = []
  readonly #dispatcher: Dispatcher
  #xid = 0

  constructor(tree: FileTree = smallTree(), policy?: Policy) {
    const exports = fixedExports([
      { path: '/release/one', key: KEY, tree, ...(policy === undefined ? {} : { policy }) },
    ])
    const onRead = (...read: readonly [string, string, number]): void => void this.reads.push(read)
    const service = { locator: new Locator(exports), writeVerifier: new WriteVerifier(VERIFIER), onRead, log: silent }
    const onMount = (event: MountEvent): void => void this.mounts.push(event)
    const programs = programTable([nfsProgram(service), aclProgram(service), mountProgram({ exports, onMount })])
    this.#dispatcher = new Dispatcher(programs, { address: '10.0.0.9', port: 700 })
  }

  /** The reply to one record, without record mark. @throws {WireError} if the connection would be closed */
  async answer(record: Uint8Array): Promise<Buffer> {
    const w = new XdrWriter()
    await this.#dispatcher.answer(record, w)
    return w.takeAll()?.bytes ?? Buffer.alloc(0)
  }

  /** The results of an NFSv3 procedure, `nfsstat3` first. */
  nfs(procedure: number, args: (w: XdrWriter) => unknown, credential = ROOT_CREDENTIAL): Promise<XdrReader> {
    return this.#call({ program: 100_003, version: 3, procedure, credential }, args)
  }
  /** The whole reply to a call with this number. */
  nfsAs(xid: number, procedure: number, args: (w: XdrWriter) => unknown): Promise<Buffer> {
    const call = { xid, program: 100_003, version: 3, procedure, credential: ROOT_CREDENTIAL }
    return this.answer(encodeCall(call, args).subarray(4))
  }
  /** The results of an NFSACL procedure, `nfsstat3` first. */
  acl(procedure: number, args: (w: XdrWriter) => unknown): Promise<XdrReader> {
    return this.#call({ program: 100_227, version: 3, procedure, credential: user(1000) }, args)
  }
  /** The results of a MOUNT procedure. */
  mount(procedure: number, args: (w: XdrWriter) => unknown = () => undefined, version = 3): Promise<XdrReader> {
    return this.#call({ program: 100_005, version, procedure, credential: ROOT_CREDENTIAL }, args)
  }

  async #call(
    target: Omit<Parameters<typeof encodeCall>[0], 'xid'>,
    args: (w: XdrWriter) => unknown,
  ): Promise<XdrReader> {
    const reader = new XdrReader(
      'reply',
      await this.answer(encodeCall({ xid: (this.#xid += 1), ...target }, args).subarray(4)),
    )
    const header = decodeReplyHeader(reader)
    if (header.kind === 'denied' || header.status !== 0) throw new Error(`RPC status ${header.status}`)
    return reader
  }
}

/** The handle of a node of the small tree, as `encodeHandle` writes it. */
export function handle(node: number, key: Uint8Array = KEY): (w: XdrWriter) => void {
  return (w) => encodeHandle(w, key, node)
}

/** A user without rights of root. */
export function user(uid: number, gid = 100, gids: readonly number[] = []): Credential {
  return { ...NO_CREDENTIAL, flavor: 'sys', machineName: 'pc1', uid, gid, gids }
}

/** A tree that answers everything later, as one on a slow disk. */
export function slowTree(tree: FileTree): FileTree {
  const later =
    <A extends unknown[], T>(answer: (...args: A) => T) =>
    async (...args: A): Promise<Awaited<T>> => {
      await new Promise(setImmediate)
      return await answer(...args)
    }
  return {
    root: tree.root,
    attributes: later((node) => tree.attributes(node)),
    lookup: later((directory, name) => tree.lookup(directory, name)),
    parent: later((directory) => tree.parent(directory)),
    list: later((directory) => tree.list(directory)),
    readLink: later((node) => tree.readLink(node)),
    open: async (node) => {
      const source = await tree.open(node)
      return { size: source.size, read: later((...args) => source.read(...args)), close: () => source.close() }
    },
    extendedAttributes: later((node) => tree.extendedAttributes(node)),
    statistics: later(() => tree.statistics()),
    close: () => tree.close(),
  }
}
