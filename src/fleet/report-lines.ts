import { printable } from './printable.ts'

/** A report that is not what docs/architecture.md says. */
export class ReportError extends Error {
  override readonly name = 'ReportError'
}

/** Larger than any honest report: the log's last lines are most of one. */
export const MAX_REPORT_BYTES = 32_768

/** Enough for a machine with more cards than any has. */
const MAX_FIELDS = 200

/** A card says of every bus above it what it is. */
const MAX_VALUE_CHARACTERS = 2048

/** A report taken apart, before anybody looks at its stage. */
export interface ReportLines {
  readonly stage: string
  /** Fields in their order; a name may come several times. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** What follows the empty line. */
  readonly text: string
}

/**
 * Takes the body of a report apart: `STAGE`, then lines `name value`, then after an empty line free text.
 *
 * @throws {ReportError} if it is too large, no text, or its lines are not of this form
 */
export function readReportLines(body: Uint8Array): ReportLines {
  if (body.byteLength > MAX_REPORT_BYTES) {
    throw new ReportError(`Cannot read report: ${body.byteLength} bytes, want at most ${MAX_REPORT_BYTES}`)
  }
  const [stage = '', ...lines] = printable(decode(body), true).split('\n')
  if (!/^[a-z]{1,16}$/.test(stage))
    throw new ReportError(`Cannot read report: stage ${JSON.stringify(stage.slice(0, 40))}, want one word`)
  const end = lines.indexOf('')
  const head = end < 0 ? lines : lines.slice(0, end)
  if (head.length > MAX_FIELDS)
    throw new ReportError(`Cannot read report: ${head.length} fields, want at most ${MAX_FIELDS}`)
  return {
    stage,
    fields: head.map(readField),
    text:
      end < 0
        ? ''
        : lines
            .slice(end + 1)
            .join('\n')
            .trim(),
  }
}

/** A log line may hold bytes of any encoding, but no text holds NULs. */
function decode(body: Uint8Array): string {
  if (body.includes(0)) throw new ReportError('Cannot read report: it has NUL bytes, want text')
  return new TextDecoder().decode(body)
}

function readField(line: string): readonly [string, string] {
  const match = /^([a-z][a-z0-9-]{0,31})(?: (.*))?$/.exec(line)
  if (match?.[1] === undefined)
    throw new ReportError(`Cannot read report: line ${JSON.stringify(line.slice(0, 60))}, want a name and a value`)
  return [match[1], (match[2] ?? '').trim().slice(0, MAX_VALUE_CHARACTERS)]
}
