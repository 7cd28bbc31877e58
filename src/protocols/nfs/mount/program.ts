import { type ByteString, byteStringOf, textOf } from '../../../wire/bytestring.ts'
import { type Procedure, type RpcCall, type RpcProgram, nullProcedure } from '../../rpc/program.ts'
import { type Steps, ready } from '../../rpc/steps.ts'
import { AUTH_FLAVOR } from '../../rpc/message.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import type { NfsExports } from '../export.ts'
import { encodeHandle } from '../handle.ts'
import { MountList } from './mount-list.ts'
import { type MountResult, namesOf, resolveMount } from './resolve.ts'

export const MOUNT_PROGRAM = 100_005
/** mountstat3, RFC 1813 §5.1.5 */
const MOUNT_STATUS = { ok: 0, 'no-entry': 2, io: 5, access: 13, 'not-directory': 20, 'name-too-long': 63 } as const
/** MNTPATHLEN, §5.1.4 */
const MAX_PATH_BYTES = 1024
const PROCEDURE = { null: 0, mount: 1, dump: 2, unmount: 3, unmountAll: 4, export: 5 } as const

export type MountStatus = keyof typeof MOUNT_STATUS

/** What became of a request to mount. */
export interface MountEvent {
  readonly address: string
  /** What the client asked for. */
  readonly path: string
  readonly status: MountStatus
  /** In words: why not, or what was mounted. */
  readonly text: string
  /** The client's own host name, as it says; empty if it does not. */
  readonly machineName: string
}

export interface MountService {
  readonly exports: NfsExports
  readonly onMount: ((event: MountEvent) => void) | undefined
  /** Who has mounted what; a new list without it. */
  readonly mounts?: MountList
}

/** MOUNT, program 100005: version 3 (RFC 1813 §5), and version 1 (RFC 1094 appendix A) as far as `showmount` asks it. */
export function mountProgram(given: MountService): RpcProgram {
  const mounts = given.mounts ?? new MountList()
  const service = { ...given, mounts }
  const shared: Procedure[] = []
  shared[PROCEDURE.null] = nullProcedure
  shared[PROCEDURE.dump] = (call) => dump(mounts, call)
  shared[PROCEDURE.unmount] = (call) => unmount(mounts, call)
  shared[PROCEDURE.unmountAll] = ({ peer }) => unmountAll(mounts, peer.address)
  shared[PROCEDURE.export] = (call) => listExports(service, call)
  const v1 = shared.slice()
  v1[PROCEDURE.mount] = (call) => refuseOldVersion(service, call)
  const v3 = shared.slice()
  v3[PROCEDURE.mount] = (call) => mount(service, call, readPath(call))
  const versions = new Map([
    [1, v1],
    [3, v3],
  ])
  return { number: MOUNT_PROGRAM, name: 'mount', versions }
}

/** DUMP, §5.2.2 */
function dump(mounts: MountList, { reply }: RpcCall): undefined {
  for (const { address, path } of mounts) reply.u32(1).string(byteStringOf(address)).string(path)
  reply.u32(0)
}

/** UMNT, §5.2.3 */
function unmount(mounts: MountList, call: RpcCall): undefined {
  mounts.remove(call.peer.address, plain(readPath(call)))
}

/** UMNTALL, §5.2.4 */
function unmountAll(mounts: MountList, address: string): undefined {
  mounts.removeAll(address)
}

/** As the list has it: `//release/one/` is `/release/one`. */
function plain(path: ByteString): ByteString {
  return `/${namesOf(path).join('/')}`
}

/** The path as sent. One that is too long is answered, not garbage: the record bounds it. */
function readPath({ args }: RpcCall): ByteString {
  return args.string(args.remaining, 'path')
}

/** MNT, §5.2.1 */
function* mount({ exports, onMount, mounts }: Required<MountService>, call: RpcCall, path: ByteString): Steps {
  const result = path.length > MAX_PATH_BYTES ? TOO_LONG : yield* resolveMount(exports, path, call.peer)
  call.reply.u32(MOUNT_STATUS[result.status])
  if (result.status === 'ok') {
    encodeMounted(call.reply, result)
    mounts.add(call.peer.address, plain(path))
  }
  onMount?.(eventOf(call, path, result))
}

const TOO_LONG = { status: 'name-too-long', text: `the path is longer than ${MAX_PATH_BYTES} bytes` } as const

function encodeMounted(reply: XdrWriter, { key, node }: { readonly key: Uint8Array; readonly node: number }): void {
  encodeHandle(reply, key, node)
  reply.u32(2).u32(AUTH_FLAVOR.sys).u32(AUTH_FLAVOR.none) // preferred first
}

function refuseOldVersion({ onMount }: MountService, call: RpcCall): undefined {
  const path = readPath(call)
  const text = 'the client asked for NFS version 2, which is not served: it needs the mount option vers=3'
  call.reply.u32(MOUNT_STATUS.access)
  onMount?.(eventOf(call, path, { status: 'access', text }))
  return undefined
}

function eventOf({ peer, credential }: RpcCall, path: ByteString, { status, text }: MountResult): MountEvent {
  const machineName = textOf(credential.machineName)
  return { address: peer.address, path: textOf(path.slice(0, MAX_PATH_BYTES)), status, text, machineName }
}

/** EXPORT, §5.2.5: all paths, each for everybody (an empty list of groups). */
function* listExports({ exports }: MountService, { reply }: RpcCall): Steps {
  for (const path of yield* ready(exports.paths())) reply.u32(1).string(byteStringOf(path)).u32(0)
  reply.u32(0)
}
