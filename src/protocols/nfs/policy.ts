import type { Caller } from '../../storage/permissions.ts'
import type { Credential } from '../rpc/credential.ts'
import type { Peer } from '../rpc/program.ts'

/** Whose rights count: those that the caller says, nobody's for root, nobody's for all. As in exports(5). */
export type Squash = 'none' | 'root' | 'all'

/** What a client may do in an export. */
export interface Grant {
  /** False: everything that would change something is NFS3ERR_ROFS, also where the tree could be changed. */
  readonly writes: boolean
  readonly squash: Squash
  /** Who the squashed ones are. */
  readonly anonymous: { readonly uid: number; readonly gid: number }
  /**
   * True: new, moved and removed names are on the medium before the answer, as RFC 1813 §4.8 wants it. False: soon after,
   * so a server that loses power has forgotten the last seconds of what it said was done. COMMIT is kept either way.
   */
  readonly sync: boolean
}

/** What each client is granted. Undefined: nothing at all. Asked for at every call, so it must be at hand. */
export type Policy = (client: Peer) => Grant | undefined

const NOBODY = 65_534

/** Read-only for everybody, as who they say they are: a root file system has files that only root may read. */
export const READ_ONLY: Grant = {
  writes: false,
  squash: 'none',
  anonymous: { uid: NOBODY, gid: NOBODY },
  sync: true,
}

/** On whose behalf a call is carried out, once root, or all, are squashed. */
export function squashed(credential: Credential, { squash, anonymous }: Grant): Caller {
  if (squash === 'none' || (squash === 'root' && credential.uid !== 0 && !hasRootGroup(credential))) return credential
  if (squash === 'all') return { ...anonymous, gids: [] }
  const { uid, gid, gids } = credential
  const group = (id: number): number => (id === 0 ? anonymous.gid : id)
  return { uid: uid === 0 ? anonymous.uid : uid, gid: group(gid), gids: gids.map(group) }
}

function hasRootGroup({ gid, gids }: Credential): boolean {
  return gid === 0 || gids.includes(0)
}
