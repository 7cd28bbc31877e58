import { textFile, writeCpio } from '../formats/cpio/write.ts'

/** What one machine is told for one boot: docs/architecture.md, "The parts of an initramfs". */
export interface ClientPlan {
  /** Assignments of `/netroot/plan`, such as `NETROOT_BOOT`. */
  readonly variables: Readonly<Record<string, string>>
}

/**
 * The client part, not compressed: it is a few hundred bytes.
 *
 * @throws {TypeError} if a name is none that sh has, or a value holds a NUL
 */
export function clientPart(plan: ClientPlan): Uint8Array {
  const lines = Object.entries(plan.variables).map(([name, value]) => `${assignment(name, value)}\n`)
  const entries = [
    { type: 'directory', name: 'netroot', mode: 0o755 } as const,
    textFile('netroot/plan', lines.join(''), 0o600),
  ]
  return Buffer.concat(writeCpio(entries))
}

/** In single quotes nothing is special to sh but the quote itself, which is closed, escaped and opened again. */
function assignment(name: string, value: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`Cannot write a plan: "${name}" is no name for sh`)
  if (value.includes('\0')) throw new TypeError(`Cannot write a plan: the value of ${name} holds a NUL`)
  return `${name}='${value.replaceAll("'", String.raw`'\''`)}'`
}
