import { z } from 'zod'
import { ipv4Address, path, port } from './values.ts'

const SERVERS = 'want embedded, kernel or ganesha'
const RELOAD = 'want a command such as "exportfs -ra", or none'

/** The keys of `nfs`. */
export const nfsShape = {
  server: z
    .enum(['embedded', 'kernel', 'ganesha'], { error: SERVERS })
    .describe("Who serves the releases by NFS: embedded netroot itself, kernel the kernel's nfsd, ganesha nfs-ganesha"),
  directory: path
    .optional()
    .describe('Directory into which the releases in use are unpacked; without it they lie in the store'),
  path: path.optional().describe('What that server calls the directory, where it is another host'),
  address: ipv4Address
    .optional()
    .describe("The server's address, where it is another host; without it the address at which machines find netroot"),
  port: port.default(2049).describe("The server's port. That of netroot's own server is in `ports`"),
  file: path
    .optional()
    .describe(
      'The drop-in file that is written for it; without it /etc/exports.d/netroot.exports, or /etc/ganesha/netroot.conf',
    ),
  reload: z
    .union([z.string().transform(splitCommand), z.array(z.string()).min(1)], { error: RELOAD })
    .optional()
    .describe(
      'The command that has it read the file again, or none: then a person does. Default: `exportfs -ra`, or `systemctl reload nfs-ganesha`; for another host none',
    ),
}

/** One word says which server; the longer form says more of it. */
export const nfsKey = z
  .preprocess(
    (value, context) => {
      if (typeof value !== 'string') return value
      if (nfsShape.server.safeParse(value).success) return { server: value }
      context.addIssue({ code: 'custom', message: SERVERS }) // here: `server:` does not stand in the file
      return z.NEVER
    },
    z.strictObject(nfsShape, { error: `${SERVERS}, or the keys of the server such as server: and directory:` }),
  )
  .prefault('embedded')
  .describe(
    "Who serves the releases by NFS: embedded, netroot itself; kernel, the kernel's nfsd; ganesha, nfs-ganesha. More keys below",
  )

/** What `nfs` says. */
export type NfsSettings = z.output<typeof nfsKey>
/** The same of a server that is not netroot's own. */
export type OtherNfs = NfsSettings & { readonly server: 'kernel' | 'ganesha' }

/** Whether another server than netroot's own has the releases. */
export function isOtherNfs(nfs: NfsSettings): nfs is OtherNfs {
  return nfs.server !== 'embedded'
}

/** Words at blanks outside double quotes, which are not part of them. `none` has no words. */
function splitCommand(text: string): string[] {
  const words = text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []
  return text.trim() === 'none' ? [] : words.map((word) => word.replaceAll('"', ''))
}
