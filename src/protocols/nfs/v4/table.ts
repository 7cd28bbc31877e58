import type { Operation } from './compound.ts'
import { OP } from './constants.ts'
import { confirmClientId, releaseLockOwner, renew, setClientId } from './operations/clients40.ts'
import { destroyClientId, exchangeId, reclaimComplete } from './operations/clients41.ts'
import { close, freeStateid, openConfirm, openDowngrade, testStateid } from './operations/close.ts'
import { create } from './operations/create-node.ts'
import { readDirectory } from './operations/directory.ts'
import {
  getHandle,
  lookup,
  lookupParent,
  putHandle,
  putRootHandle,
  restoreHandle,
  saveHandle,
} from './operations/handles.ts'
import { lock, testLock, unlock } from './operations/locks.ts'
import { access, getAttributes, notVerify, readLink, verify } from './operations/metadata.ts'
import { open } from './operations/open.ts'
import { read, readPlus } from './operations/read.ts'
import { link, remove, rename } from './operations/remove.ts'
import { securityInfo, securityInfoNoName } from './operations/security.ts'
import { bindConnection, createSession, destroySession, sequence } from './operations/sessions.ts'
import { setAttributes } from './operations/set-attributes.ts'
import { allocate, commit, deallocate, seek, write } from './operations/write.ts'
import { getXattr, listXattrs, removeXattr, setXattr } from './operations/xattrs.ts'

type Table = readonly (readonly [number, Operation])[]

/** Of every minor version. */
const ALWAYS: Table = [
  [OP.access, access],
  [OP.close, close],
  [OP.commit, commit],
  [OP.create, create],
  [OP.getAttributes, getAttributes],
  [OP.getHandle, getHandle],
  [OP.link, link],
  [OP.lock, lock],
  [OP.testLock, testLock],
  [OP.unlock, unlock],
  [OP.lookup, lookup],
  [OP.lookupParent, lookupParent],
  [OP.notVerify, notVerify],
  [OP.open, open],
  [OP.openDowngrade, openDowngrade],
  [OP.putHandle, putHandle],
  [OP.putPublicHandle, putRootHandle],
  [OP.putRootHandle, putRootHandle],
  [OP.read, read],
  [OP.readDirectory, readDirectory],
  [OP.readLink, readLink],
  [OP.remove, remove],
  [OP.rename, rename],
  [OP.restoreHandle, restoreHandle],
  [OP.saveHandle, saveHandle],
  [OP.securityInfo, securityInfo],
  [OP.setAttributes, setAttributes],
  [OP.verify, verify],
  [OP.write, write],
]

/** What sessions have replaced. */
const WITHOUT_SESSIONS: Table = [
  [OP.openConfirm, openConfirm],
  [OP.renew, renew],
  [OP.setClientId, setClientId],
  [OP.setClientIdConfirm, confirmClientId],
  [OP.releaseLockOwner, releaseLockOwner],
]

const SINCE_41: Table = [
  [OP.bindConnection, bindConnection],
  [OP.exchangeId, exchangeId],
  [OP.createSession, createSession],
  [OP.destroySession, destroySession],
  [OP.freeStateid, freeStateid],
  [OP.securityInfoNoName, securityInfoNoName],
  [OP.sequence, sequence],
  [OP.testStateid, testStateid],
  [OP.destroyClientId, destroyClientId],
  [OP.reclaimComplete, reclaimComplete],
]

const SINCE_42: Table = [
  [OP.allocate, allocate],
  [OP.deallocate, deallocate],
  [OP.readPlus, readPlus],
  [OP.seek, seek],
  [OP.setXattr, setXattr],
  [OP.removeXattr, removeXattr],
  [OP.getXattr, getXattr],
  [OP.listXattrs, listXattrs],
]

/** The operations of each minor version by their number; a hole is NFS4ERR_NOTSUPP. */
export const OPERATIONS: readonly (readonly (Operation | undefined)[])[] = [
  tableOf(ALWAYS, WITHOUT_SESSIONS),
  tableOf(ALWAYS, SINCE_41),
  tableOf(ALWAYS, SINCE_41, SINCE_42),
]

function tableOf(...tables: readonly Table[]): readonly (Operation | undefined)[] {
  const table: (Operation | undefined)[] = []
  for (const [number, run] of tables.flat()) table[number] = run
  return table
}
