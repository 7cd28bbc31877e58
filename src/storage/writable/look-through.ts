import { closeSync } from 'node:fs'
import { nextTurn, turnIsOver } from '../../sys/turn.ts'
import type { ByteString } from '../../wire/bytestring.ts'
import type { NodeId } from '../file-tree.ts'
import type { Found, Resolver } from './resolver.ts'

/** Names between two looks at the clock. */
const BATCH = 16
/** Questions to the medium that are on their way at the same time: others have some, too. */
const MOST_ASKED = 32

/**
 * Looks at everything in a directory, in no order, in short slices; what must come from the medium is waited for
 * elsewhere. What has gone meanwhile is left out.
 *
 * @throws {LostNodeError} and the system's error, if the directory is not there or cannot be read
 */
export async function lookThrough(
  resolver: Resolver,
  directory: NodeId,
  visit: (name: ByteString, found: Found) => void,
): Promise<void> {
  const place = resolver.hold(directory)
  const asked = new Set<Promise<void>>()
  const failures: unknown[] = []
  const later = (name: ByteString, finding: Promise<Found | undefined>): void => {
    const asking = finding
      .then((found) => (found === undefined ? undefined : visit(name, found)))
      .catch((error: unknown) => void failures.push(error))
      .finally(() => asked.delete(asking))
    asked.add(asking)
  }
  try {
    let seen = 0
    for await (const name of resolver.names(place)) {
      const found = resolver.seeSoon(directory, place, name)
      if (found instanceof Promise) later(name, found)
      else if (found !== undefined) visit(name, found)
      if (asked.size >= MOST_ASKED) await Promise.race(asked)
      seen += 1
      if (seen % BATCH === 0 && turnIsOver()) await nextTurn()
    }
  } finally {
    await Promise.all(asked)
    closeSync(place)
  }
  if (failures.length > 0) throw failures[0]
}
