import { loadLibc } from './libc.ts'

/**
 * The socket that xinetd gives a program as its standard input, as a descriptor of its own: Node takes no socket that has
 * number 0.
 *
 * @throws {Error} where Node has no FFI, or standard input is closed
 */
export async function inheritedSocket(): Promise<number> {
  const libc = await loadLibc()
  if (libc === undefined) throw new Error('Cannot take over a socket: this needs Node 26 with node:ffi')
  return libc.call('dup', libc.dup(0))
}
