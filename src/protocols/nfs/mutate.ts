/** For tests: garbage that is almost right. */

/** Numbers below a limit, the same in every run (xorshift32). */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

/** A copy with up to four changes: a bit turned, a word set to an extreme, bytes cut off, put in or taken out. */
export function mutate(call: Buffer, random: (limit: number) => number): Buffer {
  let bytes = Buffer.from(call)
  for (let changes = random(4); changes >= 0 && bytes.byteLength > 8; changes -= 1) {
    const at = random(bytes.byteLength)
    const kind = random(5)
    if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8))
    else if (kind === 1)
      bytes.writeUInt32BE([0, 1, 0x7fff_ffff, 0xffff_ffff][random(4)] ?? 0, Math.min(at, bytes.byteLength - 4))
    else if (kind === 2) bytes = bytes.subarray(0, at)
    else if (kind === 3)
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(random(9), 0xa5), bytes.subarray(at)])
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(9))])
  }
  return bytes
}
