import { textOf } from '../../../../wire/bytestring.ts'
import { type Steps, whenReady } from '../../../rpc/steps.ts'
import type { XdrReader } from '../../../rpc/xdr-reader.ts'
import { encodeHandle } from '../../handle.ts'
import type { Located } from '../../located.ts'
import { type Compound, noArguments, operation } from '../compound.ts'
import { MAX_HANDLE_BYTES } from '../constants.ts'
import { checkName } from '../names.ts'
import { checkSearch } from '../rights.ts'
import { NFS4, refuse } from '../status.ts'

/** PUTFH, RFC 8881 §18.19 */
export const putHandle = operation(
  (args) => args.opaque(MAX_HANDLE_BYTES, 'file handle'),
  (compound, handle) =>
    whenReady(compound.service.namespace.locate(handle), (located) => {
      compound.enter(located)
      return undefined
    }),
)

/** PUTROOTFH, §18.21; PUTPUBFH, §18.20, means the same here. */
export const putRootHandle = operation(noArguments, function* (compound): Steps {
  compound.enter(yield* compound.service.namespace.root())
})

/** GETFH, §18.8 */
export const getHandle = operation(noArguments, (compound) => {
  const { served, node } = compound.file
  encodeHandle(compound.reply, served.key, node)
  return undefined
})

/** SAVEFH, §18.28 */
export const saveHandle = operation(noArguments, (compound) => {
  compound.saved = compound.file
  compound.savedStateid = compound.stateid
  return undefined
})

/** RESTOREFH, §18.27 */
export const restoreHandle = operation(noArguments, (compound) => {
  const { saved, hasSessions } = compound
  compound.enter(saved ?? refuse(hasSessions ? NFS4.noFileHandle : NFS4.restoreHandle))
  compound.stateid = compound.savedStateid
  return undefined
})

/** A name of a file: the record bounds it, and one that is too long is told so. */
export function readName(args: XdrReader): string {
  return args.string(args.remaining, 'name')
}

/** LOOKUP, §18.13 */
export const lookup = operation(readName, function* (compound, name): Steps {
  const { directory } = compound
  checkName(name)
  checkSearch(directory)
  const found = yield* compound.service.namespace.lookup(directory, name)
  if (compound.service.namespace.isPseudo(directory)) yield* tellMount(compound, directory, name, found)
  compound.enter(found ?? refuse(NFS4.noEntry))
})

/** LOOKUPP, §18.14 */
export const lookupParent = operation(noArguments, function* (compound): Steps {
  const { directory } = compound
  checkSearch(directory)
  const found = yield* compound.service.namespace.parent(directory)
  compound.enter(found ?? refuse(NFS4.noEntry))
})

/** Version 4 has no MOUNT: that a client comes into an export, or finds none, is what tells of it. */
function* tellMount({ service, call }: Compound, { node }: Located, name: string, found: Located | undefined): Steps {
  if (found !== undefined && service.namespace.isPseudo(found)) return
  const { credential, peer } = call
  const about = { address: peer.address, machineName: textOf(credential.machineName) }
  const path = yield* service.namespace.pathOf(node, name)
  if (found === undefined)
    service.onMount?.({ ...about, path, status: 'no-entry', text: `there is no export "${path}"` })
  else service.onMount?.({ ...about, path, status: 'ok', text: path })
}
