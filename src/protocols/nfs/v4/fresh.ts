import { type Steps, ready } from '../../rpc/steps.ts'
import type { Granted } from '../v3/granted.ts'
import { type ChangeInfo, changeOf } from './change-info.ts'

/** The same with the attributes that it has now. */
export function* fresh(file: Granted): Steps<Granted> {
  return { ...file, attributes: yield* ready(file.served.tree.attributes(file.node)) }
}

/** How a directory has changed since it was looked at. */
export function* changeSince(directory: Granted): Steps<ChangeInfo> {
  return { before: changeOf(directory), after: changeOf(yield* fresh(directory)) }
}
