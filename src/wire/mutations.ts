/** How many inputs a fuzz test makes: 100 000, or as many as `NETROOT_FUZZ` says. */
export const FUZZ_COUNT = Number(process.env['NETROOT_FUZZ'] ?? 100_000)

/** Bytes that mean something to somebody: ends of text, signs, quotes, limits of numbers. */
const SPECIAL = [0, 1, 9, 10, 13, 32, 34, 37, 45, 46, 47, 58, 92, 127, 128, 254, 255] as const

/**
 * For tests of bad input: specimens of a protocol, damaged as networks, bugs and attackers damage them. The same seed
 * gives the same inputs, so that what was found can be looked at again.
 */
export function* mutations(specimens: readonly Uint8Array[], count = FUZZ_COUNT, seed = 1): Generator<Uint8Array> {
  const random = randomNumbers(seed)
  for (let made = 0; made < count; made += 1) {
    let bytes = Uint8Array.from(specimens[random(specimens.length)] ?? [])
    for (let damage = 1 + random(4); damage > 0; damage -= 1) bytes = damaged(bytes, specimens, random)
    yield bytes
  }
}

/** A whole number from 0 up to, but not including, `below`. */
export type RandomNumber = (below: number) => number

/** Numbers that look random and are the same for the same seed (Lehmer's generator). */
export function randomNumbers(seed: number): RandomNumber {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 0x7fffffff
    return state % Math.max(1, below)
  }
}

function damaged(bytes: Uint8Array, specimens: readonly Uint8Array[], random: RandomNumber): Uint8Array<ArrayBuffer> {
  const at = random(bytes.byteLength)
  switch (random(6)) {
    case 0: // cut
      return bytes.slice(0, at)
    case 1: // a bit
      return changed(bytes, at, (bytes[at] ?? 0) ^ (1 << random(8)))
    case 2: // something that means something
      return changed(bytes, at, SPECIAL[random(SPECIAL.length)] ?? 0)
    case 3: // left out
      return joined(bytes.slice(0, at), bytes.slice(at + 1 + random(8)))
    case 4: // twice, or many times
      return repeated(bytes, at, random)
    default: // the end of another
      return joined(bytes.slice(0, at), (specimens[random(specimens.length)] ?? bytes).slice(random(64)))
  }
}

function repeated(bytes: Uint8Array, at: number, random: RandomNumber): Uint8Array<ArrayBuffer> {
  const piece = bytes.slice(at, at + 1 + random(16))
  const times = random(50) === 0 ? 2000 : random(4)
  return joined(bytes.slice(0, at), ...Array.from({ length: times }, () => piece), bytes.slice(at))
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts))
}

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(bytes)
  copy[at] = value // behind the end it changes nothing
  return copy
}
