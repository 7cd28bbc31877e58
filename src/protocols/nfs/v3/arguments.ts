import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { PROCEDURE } from './constants.ts'

/** For tests: the arguments of the procedures that change something. */

export type Put = (w: XdrWriter) => unknown

/** sattr3 that sets the mode and nothing else. */
export function mode(value: number): Put {
  return (w) => w.u32(1).u32(value).u32(0).u32(0).u32(0).u32(0).u32(0)
}

/** sattr3 that sets the length and nothing else. */
export function size(value: number): Put {
  return (w) => w.u32(0).u32(0).u32(0).u32(1).u64(value).u32(0).u32(0)
}

/** sattr3 that gives away. */
export function owner(uid: number, gid: number): Put {
  return (w) => w.u32(0).u32(1).u32(uid).u32(1).u32(gid).u32(0).u32(0).u32(0)
}

/** Arguments, one behind the other. */
export function all(...puts: readonly Put[]): Put {
  return (w) => {
    for (const put of puts) put(w)
  }
}

export function name(value: string): Put {
  return (w) => w.string(value)
}

/** What follows the first handle in WRITE. */
export function data(offset: number, bytes: Uint8Array, stable = 0): Put {
  return (w) => w.u64(offset).u32(bytes.byteLength).u32(stable).opaque(bytes)
}

/** Well-formed arguments of all of them, with this handle for each file and directory. */
export function changes(handle: Put): readonly (readonly [procedure: number, arguments: Put])[] {
  const at = all(handle, name('x'))
  const words =
    (...values: readonly number[]): Put =>
    (w) =>
      values.forEach((value) => w.u32(value))
  return [
    [PROCEDURE.setAttributes, all(handle, mode(0o600), words(0))],
    [PROCEDURE.write, all(handle, data(0, Buffer.from('text')))],
    [PROCEDURE.create, all(at, words(0), mode(0o644))],
    [PROCEDURE.makeDirectory, all(at, mode(0o755))],
    [PROCEDURE.makeSymlink, all(at, mode(0o777), name('target'))],
    [PROCEDURE.makeNode, all(at, words(7), mode(0o644))],
    [PROCEDURE.remove, at],
    [PROCEDURE.removeDirectory, at],
    [PROCEDURE.rename, all(at, handle, name('y'))],
    [PROCEDURE.link, all(handle, at)],
  ]
}
