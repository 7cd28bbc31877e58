import type { DhcpClient } from './client.ts'

/** What a class of machines has in common; all that is said must hold. In texts `*` stands for anything. */
export interface ClientClass {
  /** Option 93, one of these numbers. */
  readonly architectures?: readonly number[]
  /** Option 97, as `dmidecode` prints it. */
  readonly uuid?: string
  /** Option 60, such as `PXEClient:Arch:00007*`. */
  readonly vendorClass?: string
  /** Option 77; one of several is enough. */
  readonly userClass?: string
}

/** Is the machine of this class? */
export function isOfClass(client: DhcpClient, { architectures, uuid, vendorClass, userClass }: ClientClass): boolean {
  return (
    (architectures?.some((code) => client.architectures.includes(code)) ?? true) &&
    matches(uuid?.toLowerCase(), [client.uuid]) &&
    matches(vendorClass, [client.vendorClass]) &&
    matches(userClass, client.userClasses)
  )
}

function matches(pattern: string | undefined, values: readonly (string | undefined)[]): boolean {
  return pattern === undefined || values.some((value) => value !== undefined && fits(pattern, value))
}

/** Not by a regular expression: what is compared comes from the network, and must not make us slow. */
function fits(pattern: string, text: string): boolean {
  const [head = '', ...rest] = pattern.split('*')
  const tail = rest.pop()
  if (tail === undefined) return text === head
  if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length) return false
  let at = head.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > text.length - tail.length) return false
    at = found + part.length
  }
  return true
}
