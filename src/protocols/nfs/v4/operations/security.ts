import type { Steps } from '../../../rpc/steps.ts'
import { AUTH_FLAVOR } from '../../../rpc/message.ts'
import { type Compound, operation } from '../compound.ts'
import { checkName } from '../names.ts'
import { NFS4, refuse } from '../status.ts'
import { readName } from './handles.ts'

/** SECINFO, RFC 8881 §18.29: the same for every file. */
export const securityInfo = operation(readName, function* (compound, name): Steps {
  const { directory } = compound
  checkName(name)
  if ((yield* compound.service.namespace.lookup(directory, name)) === undefined) refuse(NFS4.noEntry)
  writeFlavors(compound)
})

/** secinfo_style4 */
const STYLE = { currentFile: 0, parent: 1 } as const

/** SECINFO_NO_NAME, §18.45 */
export const securityInfoNoName = operation(
  (args) => args.u32('style'),
  function* (compound, style): Steps {
    if (style !== STYLE.currentFile && style !== STYLE.parent) refuse(NFS4.invalid)
    const { file } = compound
    if (style === STYLE.parent && (yield* compound.service.namespace.parent(file)) === undefined) refuse(NFS4.noEntry)
    writeFlavors(compound)
  },
)

/** Preferred first. Since version 4.1 the operation takes the current handle away, §2.6.3.1.1.8. */
function writeFlavors(compound: Compound): void {
  compound.reply.u32(2).u32(AUTH_FLAVOR.sys).u32(AUTH_FLAVOR.none)
  if (compound.hasSessions) compound.current = undefined
}
