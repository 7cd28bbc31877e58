import { type Mac, macToBytes } from './mac.ts'

/**
 * The 16 bytes of the link-local address that a network card makes of its MAC address: fe80::/64 and the modified
 * EUI-64 of RFC 4291 appendix A. Firmware and iPXE use it; systems with stable privacy addresses (RFC 7217) do not.
 */
export function linkLocalOf(mac: Mac): Uint8Array {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = macToBytes(mac)
  return Uint8Array.from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 0x02, b, c, 0xff, 0xfe, d, e, f])
}
