import { type Mac, macFromBytes, macToBytes } from '../../net/mac.ts'
import { ByteReader } from '../../wire/reader.ts'
import { ByteWriter } from '../../wire/writer.ts'

/** Who a client or a server is, RFC 8415 §11: one of four ways to make a name that nobody else has. */
export type Duid =
  /** DUID-LLT, type 1; seconds since 2000. */
  | { readonly kind: 'link-layer-time'; readonly hardware: number; readonly time: number; readonly address: Uint8Array }
  /** DUID-EN, type 2. */
  | { readonly kind: 'enterprise'; readonly enterprise: number; readonly identifier: Uint8Array }
  /** DUID-LL, type 3. */
  | { readonly kind: 'link-layer'; readonly hardware: number; readonly address: Uint8Array }
  /** DUID-UUID, type 4, RFC 6355: the bytes of SMBIOS's UUID. */
  | { readonly kind: 'uuid'; readonly uuid: Uint8Array }
  /** Whatever else somebody made up: opaque bytes, as all are to who only compares them. */
  | { readonly kind: 'other'; readonly type: number; readonly bytes: Uint8Array }

const ETHERNET = 1
/** Bytes, RFC 8415 §11.1: the type and 128 more. */
const LONGEST = 130

/**
 * Decodes a DUID.
 *
 * @throws {WireError} if it is shorter than its type says, or longer than 130 bytes
 */
export function decodeDuid(bytes: Uint8Array): Duid {
  const r = new ByteReader(bytes, 'DUID')
  if (bytes.byteLength > LONGEST) throw r.fail(`it has ${bytes.byteLength} bytes, want at most ${LONGEST}`)
  const type = r.u16('type')
  switch (type) {
    case 1:
      return { kind: 'link-layer-time', hardware: r.u16('hardware type'), time: r.u32('time'), address: r.rest() }
    case 2:
      return { kind: 'enterprise', enterprise: r.u32('enterprise number'), identifier: r.rest() }
    case 3:
      return { kind: 'link-layer', hardware: r.u16('hardware type'), address: r.rest() }
    case 4:
      return { kind: 'uuid', uuid: r.bytes(16, 'UUID') }
    default:
      return { kind: 'other', type, bytes: r.rest() }
  }
}

/** Encodes a DUID. */
export function encodeDuid(duid: Duid): Uint8Array {
  const w = new ByteWriter(32)
  switch (duid.kind) {
    case 'link-layer-time':
      return w.u16(1).u16(duid.hardware).u32(duid.time).bytes(duid.address).finish()
    case 'enterprise':
      return w.u16(2).u32(duid.enterprise).bytes(duid.identifier).finish()
    case 'link-layer':
      return w.u16(3).u16(duid.hardware).bytes(duid.address).finish()
    case 'uuid':
      return w.u16(4).bytes(duid.uuid).finish()
    default:
      return w.u16(duid.type).bytes(duid.bytes).finish()
  }
}

/** The DUID of a host that has kept none: the MAC address of one of its cards. */
export function duidOfMac(mac: Mac): Uint8Array {
  return encodeDuid({ kind: 'link-layer', hardware: ETHERNET, address: macToBytes(mac) })
}

/** The MAC address that a DUID was made of. It may be that of another card of the machine. */
export function macInDuid(duid: Duid): Mac | undefined {
  if (duid.kind !== 'link-layer' && duid.kind !== 'link-layer-time') return undefined
  return duid.hardware === ETHERNET && duid.address.byteLength === 6 ? macFromBytes(duid.address) : undefined
}
