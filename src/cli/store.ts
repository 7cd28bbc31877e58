import { resolve } from 'node:path'
import { stateDirectory } from '../config/paths.ts'
import { ReleaseStore } from '../image/store.ts'

export { interruptible } from './interruptible.ts'

/** The store that is meant: `--store`, or the state directory. */
export function storeDirectory(option: string | undefined): string {
  return resolve(option ?? stateDirectory())
}

/** Opens the store that is meant. */
export async function openStore(option: string | undefined): Promise<ReleaseStore> {
  return ReleaseStore.open(storeDirectory(option))
}
