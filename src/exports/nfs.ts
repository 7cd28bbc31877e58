import { createHash } from 'node:crypto'
import type { Export } from './drop-in.ts'

/** A release that lies unpacked in a directory. */
export interface ExportedRelease {
  /** SHA-256, in hex. */
  readonly digest: string
  /** As the NFS server calls it. */
  readonly directory: string
}

/** What a configuration of an NFS server is made from. */
export interface NfsExport {
  readonly releases: readonly ExportedRelease[]
  /** Who may mount, `10.0.0.0/24`, `fd77::/64`. */
  readonly networks: readonly string[]
  /** The port of that server. */
  readonly port: number
}

/**
 * A file for /etc/exports.d, exports(5). Machines are root on their own root, so root is not squashed; nothing can be
 * written. `async` would change nothing for what is never written.
 */
export function knfsdExport({ releases, networks }: NfsExport): Export {
  const options = 'ro,no_root_squash,no_subtree_check,sec=sys'
  const lines = releases.map(({ digest, directory }) => {
    // fsid: handles stay valid when the directory moves to another disk
    const clients = networks.map((network) => `${network}(${options},fsid=${uuidOf(digest)})`)
    return `"${directory}" ${clients.join(' ')}\n`
  })
  return { daemon: 'exports', comment: '#', body: lines.join('') }
}

/** A configuration of nfs-ganesha with its VFS back-end: the same paths as the embedded server has. */
export function ganeshaExport({ releases, networks, port }: NfsExport): Export {
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
  const ids = exportIds(releases.map(({ digest }) => digest))
  const blocks = releases.map(({ digest, directory }, index) => [
    'EXPORT {',
    `  Export_Id = ${ids[index]};`,
    `  Path = "${directory}";`,
    `  Pseudo = "/release/${digest}";`,
    '  Access_Type = NONE;',
    '  Transports = TCP;',
    '  SecType = sys;',
    '  FSAL { Name = VFS; }',
    `  CLIENT { Clients = ${networks.join(', ')}; Access_Type = RO; Squash = No_Root_Squash; }`,
    '}',
  ])
  return { daemon: 'ganesha', comment: '#', body: `${[...head, ...blocks.flat()].join('\n')}\n` }
}

/** Low numbers are left to exports that people write themselves; ganesha knows 16 bits. */
const FIRST_ID = 0x4000
const IDS = 0x1_0000 - FIRST_ID

/**
 * ganesha's file handles hold the number of the export: a release has the same one whatever is exported beside it. Of
 * two whose digests want the same number, the later one takes the next.
 */
function exportIds(digests: readonly string[]): number[] {
  const taken = new Set<number>()
  return digests.map((digest) => {
    let id = Number.parseInt(digest.slice(0, 8), 16) % IDS
    while (taken.has(id)) id = (id + 1) % IDS
    taken.add(id)
    return FIRST_ID + id
  })
}

/** A UUID that is the release's own. */
function uuidOf(digest: string): string {
  const hex = createHash('sha256').update(digest).digest('hex').slice(0, 32)
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
