import { byteStringOf } from '../../wire/bytestring.ts'
import { RpcClient, RpcRefusal } from '../rpc/client.ts'
import { XdrReader } from '../rpc/xdr-reader.ts'
import { ATTRIBUTE } from './v4/attribute.ts'
import { bitmapOf, readBitmap, writeBitmap } from './v4/bitmap.ts'
import { MAX_OPAQUE_BYTES, MAX_TAG_BYTES, NFS_V4, OP, PROCEDURE } from './v4/constants.ts'
import { NFS4 } from './v4/status.ts'

/** What a server says of a path: `unknown` where it has no NFSv4.0, by which it was asked. */
export type ProbeResult =
  | {
      readonly kind: 'has'
      /** Whether it tells owners by number. Names mean nothing to a machine that has no root yet, RFC 7530 §5.9. */
      readonly isNumeric: boolean
    }
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'lacks'
      /** The part of the path that it does not show; `/` is the root of all exports. */
      readonly at: string
      /** nfsstat4, RFC 7530 §13.1 */
      readonly status: number
    }

export interface ProbeTarget {
  readonly host: string
  readonly port: number
  /** From the root of all exports. */
  readonly path: string
}

const NFS_PROGRAM = 100_003
/** Of a server that listens. */
const PATIENCE_MS = 5000
/** Servers may want clients to be root on their host, exports(5) "secure". */
const RESERVED = { first: 665, last: 1023 } as const
const TRIES = 8

/**
 * Walks a path on an NFS server as a machine would that mounts it, as root: PUTROOTFH, LOOKUP …, GETATTR in version 4.0,
 * which needs no session (RFC 7530 §14.2).
 *
 * @throws the system's error, such as ECONNREFUSED, or AbortError where nobody answers within 5 s
 */
export async function probeExport({ host, port, path }: ProbeTarget): Promise<ProbeResult> {
  const names = path.split('/').filter((name) => name !== '')
  await using client = await connect(host, port)
  const target = { program: NFS_PROGRAM, version: NFS_V4, procedure: PROCEDURE.compound }
  const refused = (error: unknown): undefined => {
    if (!(error instanceof RpcRefusal)) throw error
  }
  const reply = await client
    .call(target, (w) => {
      w.string('').u32(0)
      w.u32(names.length + 2).u32(OP.putRootHandle)
      for (const name of names) w.u32(OP.lookup).string(byteStringOf(name))
      writeBitmap(w.u32(OP.getAttributes), bitmapOf([ATTRIBUTE.owner]))
    })
    .catch(refused)
  return reply === undefined ? { kind: 'unknown' } : resultOf(reply, names)
}

/** `count` operations were carried out: PUTROOTFH first, the one that failed last. */
function resultOf(reply: XdrReader, names: readonly string[]): ProbeResult {
  const status = reply.u32('status')
  reply.opaque(MAX_TAG_BYTES, 'tag')
  const count = reply.u32('count')
  if (status === NFS4.ok) return { kind: 'has', isNumeric: /^\d+$/.test(ownerIn(reply, count)) }
  if (status === NFS4.minorVersionMismatch) return { kind: 'unknown' }
  return { kind: 'lacks', status, at: `/${names.slice(0, Math.max(0, count - 1)).join('/')}` }
}

/** The operations before GETATTR have a number and a status each. */
function ownerIn(reply: XdrReader, count: number): string {
  reply.fixed((count - 1) * 8 + 8, 'results')
  readBitmap(reply)
  return new XdrReader('attributes', reply.opaque(MAX_OPAQUE_BYTES, 'attributes')).string(MAX_OPAQUE_BYTES, 'owner')
}

/** From a port below 1024 where this process may have one. */
async function connect(host: string, port: number): Promise<RpcClient> {
  const machineName = byteStringOf('netroot')
  const credential = { flavor: 'sys', machineName, uid: 0, gid: 0, gids: [] } as const
  const signal = AbortSignal.timeout(PATIENCE_MS)
  if (process.getuid?.() === 0) {
    for (let tried = 0; tried < TRIES; tried += 1) {
      const localPort = RESERVED.first + Math.floor(Math.random() * (RESERVED.last - RESERVED.first + 1))
      const client = await RpcClient.connect({ host, port, localPort, credential, signal }).catch(ignoreTaken)
      if (client !== undefined) return client
    }
  }
  return RpcClient.connect({ host, port, credential, signal })
}

function ignoreTaken(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'EADDRINUSE' && error.code !== 'EADDRNOTAVAIL') throw error
}
