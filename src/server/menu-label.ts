import { LOCAL_ENTRY } from '../config/start.ts'

/** What stands on the screen for an entry of a menu. */
export function labelOf(entry: string): string {
  return entry === LOCAL_ENTRY ? 'the disk of this machine' : entry
}
