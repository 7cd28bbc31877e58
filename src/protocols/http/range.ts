/** What part of a body is asked for. */
export type RangeWish =
  | { readonly kind: 'whole' }
  /** From byte `start` up to, but not including, `end`. */
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' }

const WHOLE: RangeWish = { kind: 'whole' }

/**
 * Reads a Range header, RFC 9110 §14.1.2. What is no single range of bytes is answered whole, as §14.2 allows: another
 * unit, several ranges, nonsense.
 *
 * @param size bytes of the whole body
 */
export function readRange(header: string | undefined, size: number): RangeWish {
  const match = /^\s*bytes\s*=\s*(\d{0,16})\s*-\s*(\d{0,16})\s*$/i.exec(header ?? '')
  const [, first = '', last = ''] = match ?? []
  if (match === null || (first === '' && last === '')) return WHOLE
  if (first === '') return suffix(Number(last), size)
  const start = Number(first)
  const end = last === '' ? size : Math.min(size, Number(last) + 1)
  if (last !== '' && Number(last) < start) return WHOLE // invalid: ignored, RFC 9110 §14.1.2
  return start < size ? { kind: 'part', start, end } : { kind: 'unsatisfiable' }
}

/** The last `length` bytes. */
function suffix(length: number, size: number): RangeWish {
  if (length === 0 || size === 0) return { kind: 'unsatisfiable' }
  return { kind: 'part', start: Math.max(0, size - length), end: size }
}
