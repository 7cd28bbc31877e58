import { createHash } from 'node:crypto'
import type { Export } from './drop-in.ts'

/** A release that lies unpacked in a directory. */
export interface ExportedRelease {
  /** SHA-256, in hex. */
  readonly digest: string
  readonly directory: string
}

/** What a configuration of an NFS server is made from. */
export interface NfsExport {
  readonly releases: readonly ExportedRelease[]
  /** Who may mount, `10.0.0.0/24`. */
  readonly network: string
  /** The port that netroot.yaml tells machines. */
  readonly port: number
}

/**
 * A file for /etc/exports.d, exports(5). Machines are root on their own root, so root is not squashed; nothing can be
 * written. `async` would change nothing for what is never written.
 */
export function knfsdExport({ releases, network }: NfsExport): Export {
  const options = 'ro,no_root_squash,no_subtree_check,sec=sys'
  const lines = releases.map(
    // fsid: handles stay valid when the store moves to another disk
    ({ digest, directory }) => `"${directory}" ${network}(${options},fsid=${uuidOf(digest)})`,
  )
  return { daemon: 'exports', comment: '#', body: `${lines.join('\n')}\n` }
}

/** A configuration of nfs-ganesha with its VFS back-end: the same paths as the embedded server has. */
export function ganeshaExport({ releases, network, port }: NfsExport): Export {
  const head = [
    'NFS_CORE_PARAM {',
    `  NFS_Port = ${port};`,
    '  Protocols = 3, 4;',
    '  mount_path_pseudo = true; # NFSv3 mounts by the same path as NFSv4',
    '  Enable_NLM = false; # no machine locks what nobody can write',
    '  Enable_RQUOTA = false;',
    '}',
    'NFSV4 {',
    '  Only_Numeric_Owners = true;',
    '  Grace_Period = 30;',
    '}',
  ]
  const blocks = releases.map(({ digest, directory }, index) => [
    'EXPORT {',
    `  Export_Id = ${index + 1};`,
    `  Path = "${directory}";`,
    `  Pseudo = "/release/${digest}";`,
    '  Access_Type = NONE;',
    '  Transports = TCP;',
    '  SecType = sys;',
    '  FSAL { Name = VFS; }',
    `  CLIENT { Clients = ${network}; Access_Type = RO; Squash = No_Root_Squash; }`,
    '}',
  ])
  return { daemon: 'ganesha', comment: '#', body: `${[...head, ...blocks.flat()].join('\n')}\n` }
}

/** A UUID that is the release's own. */
function uuidOf(digest: string): string {
  const hex = createHash('sha256').update(digest).digest('hex').slice(0, 32)
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
