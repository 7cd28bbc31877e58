import type { ByteString } from '../../wire/bytestring.ts'
import type { NodeId } from '../../storage/file-tree.ts'
import type { XdrWriter } from '../rpc/xdr-writer.ts'
import { KEY_BYTES } from './export.ts'

/** What a client may send as a handle, RFC 1813 §2.4 */
export const MAX_HANDLE_BYTES = 64
export const HANDLE_BYTES = 28
/** Of the layout below. Another one gets another number, and handles of both work. */
const LAYOUT = 1

/** What a handle says. It says nothing of the server that made it, so it is good on every server and after a restart. */
export interface FileHandle {
  readonly key: ByteString
  readonly node: NodeId
}

/**
 * Writes a handle as opaque data.
 *
 *     | layout 1:u32 | node:u64 | key of the export:16 |
 */
export function encodeHandle(w: XdrWriter, key: Uint8Array, node: NodeId): void {
  w.u32(HANDLE_BYTES)
  w.u32(LAYOUT).u64(node)
  w.fixed(key)
}

/** What a handle says; undefined if it is none of ours. */
export function decodeHandle(bytes: Buffer): FileHandle | undefined {
  if (bytes.byteLength !== HANDLE_BYTES || bytes.readUInt32BE(0) !== LAYOUT) return undefined
  const node = bytes.readUInt32BE(4) * 2 ** 32 + bytes.readUInt32BE(8)
  return { node, key: bytes.toString('latin1', HANDLE_BYTES - KEY_BYTES, HANDLE_BYTES) }
}
