import type { ConfigProblem } from './error.ts'
import type { Config } from './schema.ts'
import type { ConfigPath, YamlSource } from './yaml-source.ts'

/** What `nfs:` says that does not go together, or not with the rest of the file. */
export function nfsProblems(source: YamlSource, config: Partial<Config>): ConfigProblem[] {
  const { nfs } = config
  if (nfs === undefined) return []
  const problem = (key: string, text: string): ConfigProblem => source.atKey(['nfs', key], `${key}: ${text}`)
  if (nfs.server === 'embedded') {
    const given = ONLY_OTHERS.filter((key) => nfs[key] !== undefined)
    const text = "is for server: kernel and server: ganesha; netroot's own server needs nothing unpacked"
    const port = nfs.port === DEFAULT_PORT ? [] : [problem('port', "is another server's; want ports: { nfs: … }")]
    return [...given.map((key) => problem(key, text)), ...port]
  }
  const wrong = (['directory', 'path', 'file'] as const).filter((key) => !FITTING.test(nfs[key] ?? '/'))
  return [
    ...wrong.map((key) => problem(key, `found ${JSON.stringify(nfs[key])}, ${PATH}`)),
    ...(nfs.path !== undefined && nfs.directory === undefined
      ? [problem('path', 'needs directory:, which it is another name of')]
      : []),
    ...(nfs.address !== undefined && nfs.file === undefined
      ? [problem('address', 'names another host, want file: too, where the drop-in file for it is written')]
      : []),
    ...keepsOnItsPort(source, config),
    ...(config.rpcbind === true ? [source.atKey(['rpcbind'], RPCBIND)] : []),
  ]
}

const RPCBIND =
  "rpcbind: is for netroot's own NFS server, and nfs: names another, which registers itself; take one of them out"
const DEFAULT_PORT = 2049
const ONLY_OTHERS = ['directory', 'path', 'address', 'file', 'reload'] as const
const PATH = 'want a path that begins with a slash, of letters, digits and ._+@=~- only'

/** Both servers' files, and the URL of a root, take such paths as they are. */
const FITTING = /^\/[\w.+@=~/-]*$/

/** Roots with changes are joined by netroot's own server, which then needs a port for itself. */
function keepsOnItsPort(source: YamlSource, { nfs, ports, profiles, clients }: Partial<Config>): ConfigProblem[] {
  if (nfs === undefined || nfs.address !== undefined || (ports?.nfs ?? DEFAULT_PORT) !== nfs.port) return []
  const holders: [ConfigPath, { readonly writes?: string | undefined }][] = [
    ...Object.entries(profiles ?? {}).map(([name, one]): [ConfigPath, typeof one] => [['profiles', name], one]),
    ...Object.entries(clients ?? {}).map(([name, one]): [ConfigPath, typeof one] => [['clients', name], one]),
  ]
  const text =
    `writes: keep is served by netroot itself, and its port ${nfs.port} is that of nfs: ${nfs.server}; ` +
    'want another in ports:, such as nfs: 2050, or writes: discard'
  return holders
    .filter(([, { writes }]) => writes === 'keep')
    .map(([path]) => source.atValue([...path, 'writes'], text))
}
