import { type Ipv4, ipv4FromBytes, ipv4ToBytes } from '../net/ipv4.ts'

const AF_INET = 2

/** `struct sockaddr_in`: the family in the byte order of the host, all else in that of the network. */
export function socketAddress(address: Ipv4, port: number): Buffer {
  const bytes = Buffer.alloc(16)
  new Uint16Array(bytes.buffer, bytes.byteOffset, 1)[0] = AF_INET
  bytes.writeUInt16BE(port, 2)
  bytes.set(ipv4ToBytes(address), 4)
  return bytes
}

/** The address and the port of a `struct sockaddr_in`. */
export function fromSocketAddress(bytes: Uint8Array): { address: Ipv4; port: number } {
  const port = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)
  return { address: ipv4FromBytes(bytes.subarray(4, 8)), port }
}
