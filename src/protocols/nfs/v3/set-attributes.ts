import type { Timestamp } from '../../../storage/file-tree.ts'
import type { AttributeChanges } from '../../../storage/writable-tree.ts'
import { ready } from '../../rpc/steps.ts'
import { allowedChanges } from '../changes.ts'
import { encodeNoWcc, encodeWcc, isTime } from './attributes.ts'
import { NFS3 } from './constants.ts'
import { find, now, writable } from './granted.ts'
import { type NfsProcedure, readHandle } from './procedure.ts'
import { readSentAttributes, readTime } from './sent-attributes.ts'
import { Refusal } from './status.ts'
import { toldWhenRefused } from './told.ts'

interface SetArguments {
  readonly handle: Buffer
  readonly asked: AttributeChanges
  /** Only if this is still the time of the last change. */
  readonly guard: Timestamp | undefined
}

/** SETATTR, §3.3.2 */
export const setAttributes: NfsProcedure<SetArguments> = {
  decode: (args) => ({
    handle: readHandle(args),
    asked: readSentAttributes(args),
    guard: args.bool('guard') ? readTime(args, 'ctime') : undefined,
  }),
  *run(service, call, { handle, asked, guard }) {
    const file = yield* find(service, call, handle)
    const { reply } = call
    yield* toldWhenRefused(service, reply, [file], function* () {
      const tree = writable(file)
      const { modified, changed = modified } = file.attributes
      if (guard !== undefined && !isTime(changed, guard)) throw new Refusal(NFS3.notSynchronized)
      yield* ready(tree.setAttributes(file.node, allowedChanges(file.caller, file.attributes, asked)))
      if (asked.size !== undefined && file.grant.sync) {
        const open = yield* ready(tree.open(file.node))
        try {
          yield open.commit()
        } finally {
          yield open.close()
        }
      }
      reply.u32(NFS3.ok)
      encodeWcc(reply, file, yield* now(file))
    })
  },
  fail: encodeNoWcc,
}
