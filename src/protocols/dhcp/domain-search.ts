import { ByteReader } from '../../wire/reader.ts'
import { ByteWriter } from '../../wire/writer.ts'

const POINTER = 0xc0
const LONGEST_LABEL = 63
/** A name has at most 255 bytes, so no chain of pointers that ends is longer than this (RFC 1035 §3.1). */
const MOST_POINTERS = 127

/**
 * Decodes the domain search list of option 119, RFC 3397 §2: names of RFC 1035 §3.1, whose pointers (§4.1.4) count
 * from the beginning of the joined option.
 *
 * @throws {WireError} if a name is cut, or its pointers run in a circle
 */
export function decodeDomainSearch(bytes: Uint8Array): readonly string[] {
  const r = new ByteReader(bytes, 'DHCP option 119 (domain search)')
  const names: string[] = []
  while (r.remaining > 0) names.push(readName(r, bytes, MOST_POINTERS).join('.'))
  return names
}

/**
 * Encodes names without pointers, which every reader understands.
 *
 * @throws {RangeError} if a label is empty or longer than 63 bytes
 */
export function encodeDomainSearch(names: readonly string[]): Uint8Array {
  const w = new ByteWriter(64)
  for (const name of names) {
    for (const label of name.replace(/\.$/, '').split('.')) writeLabel(w, label, name)
    w.u8(0)
  }
  return w.finish()
}

function readName(r: ByteReader, whole: Uint8Array, pointersLeft: number): string[] {
  const labels: string[] = []
  for (;;) {
    const length = r.u8('label length')
    if (length === 0) return labels
    if (length >= POINTER) {
      const target = ((length & ~POINTER) << 8) | r.u8('pointer')
      if (pointersLeft === 0 || target >= whole.byteLength) throw r.fail(`pointer to ${target} leads nowhere`)
      const rest = new ByteReader(whole.subarray(target), 'DHCP option 119 (domain search)')
      return [...labels, ...readName(rest, whole, pointersLeft - 1)]
    }
    if (length > LONGEST_LABEL) throw r.fail(`label has ${length} bytes, want at most 63`, r.offset - 1)
    labels.push(new TextDecoder().decode(r.bytes(length, 'label')))
  }
}

function writeLabel(w: ByteWriter, label: string, name: string): void {
  const bytes = new TextEncoder().encode(label)
  if (bytes.byteLength === 0 || bytes.byteLength > LONGEST_LABEL) {
    throw new RangeError(`Cannot write domain "${name}": a label has ${bytes.byteLength} bytes, want 1 to 63`)
  }
  w.u8(bytes.byteLength).bytes(bytes)
}
