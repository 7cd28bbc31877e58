import { readdir, readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * What this machine's network cards are, and the buses that they hang on, as modaliases: all that a part fitted to it
 * must drive. Nothing else of the machine is looked at.
 *
 * @param sys where sysfs is mounted
 * @throws {Error} if it has no network card
 */
export async function hostDevices(sys = '/sys'): Promise<string[]> {
  const top = join(await realpath(sys), 'devices')
  const cards = await readdir(join(sys, 'class/net')).catch(() => [])
  const found = new Set<string>()
  for (const card of cards) {
    const device = await realpath(join(sys, 'class/net', card, 'device')).catch(() => undefined) // virtual: none
    for (let at = device; at?.startsWith(`${top}/`) === true; at = dirname(at)) {
      const modalias = await readFile(join(at, 'modalias'), 'latin1').catch(() => '')
      if (modalias.trim() !== '') found.add(modalias.trim())
    }
  }
  if (found.size > 0) return [...found].toSorted()
  throw new Error(`Cannot tell the network cards of this machine: ${sys}/class/net has none; name them with --fit`)
}
