import { setImmediate } from 'node:timers/promises'
import { HOST, type Medium } from './medium.ts'

/**
 * For tests: a disk of which nothing is in memory. Each name is waited for.
 *
 * @param until resolves when the disk has found a name, by its path
 */
export function slowMedium(until: (path: string) => Promise<unknown> = () => setImmediate()): Medium {
  return {
    openCached: () => 'waits',
    look: async (path) => {
      await until(path.toString('latin1'))
      return HOST.look(path)
    },
    names: HOST.names,
  }
}
