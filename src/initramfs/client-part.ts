import { textFile, writeCpio } from '../formats/cpio/write.ts'
import { shellAssignment } from './shell.ts'

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
  const lines = Object.entries(plan.variables).map(([name, value]) => shellAssignment(name, value))
  const entries = [
    { type: 'directory', name: 'netroot', mode: 0o755 } as const,
    textFile('netroot/plan', lines.join(''), 0o600),
  ]
  return Buffer.concat(writeCpio(entries))
}
