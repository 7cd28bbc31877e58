import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import type { KeyAndCertificate } from '../sys/made-certificate.ts'
import { UsageError } from './failure.ts'
import { parseListen, serveUntilSignal } from './listen.ts'
import { oneMore } from './repeatable.ts'

/** `netroot serve http DIR`: a directory by HTTP, read-only. */
export function serveHttpCommand(): Command {
  return new Command('http')
    .description('Serve the files of a directory by HTTP, read-only')
    .argument('<directory>', 'what is served; a client sees it as /')
    .option('--listen <address:port>', 'where to listen; port 0 takes any free one', '0.0.0.0:80')
    .option('--tls', 'HTTPS, with a certificate that is made and kept (see --tls-directory)')
    .option('--tls-directory <directory>', 'where it is kept; machines are to trust the file ca.crt there')
    .option('--tls-name <name>', 'a name or an address that machines write in the URL; may be given again', oneMore, [])
    .option('--tls-cert <file>', 'HTTPS, with this certificate and what signed it, in PEM')
    .option('--tls-key <file>', 'its key, in PEM')
    .option('--quiet', 'no line per request on standard error')
    .addHelpText('after', EXAMPLES)
    .action(serveHttp)
}

const EXAMPLES = `
Examples:
  netroot serve http /srv/boot --listen 10.0.0.1:8080
  netroot serve http . --listen 127.0.0.1:0
  netroot serve http /srv/boot --tls --tls-name boot.example.org --listen 10.0.0.1:443
  netroot serve http /srv/boot --tls-cert boot.pem --tls-key boot.key --listen 10.0.0.1:443`

interface Flags {
  readonly listen: string
  readonly tls?: true
  readonly tlsDirectory?: string
  readonly tlsName: readonly string[]
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly quiet?: true
}

async function serveHttp(directory: string, options: Flags): Promise<void> {
  const [{ HttpServer }, { routeToDirectory }, { DirectoryFiles }, { OpenFiles }, { silent, stderrLogger }] =
    await Promise.all([
      import('../protocols/http/server.ts'),
      import('../protocols/http/directory.ts'),
      import('../storage/directory-files.ts'),
      import('../storage/open-files.ts'),
      import('../sys/log.ts'),
    ])
  const { host, port } = parseListen(options.listen, 80)
  const files = new OpenFiles(await DirectoryFiles.open(directory), directory)
  const log = options.quiet === true ? silent : stderrLogger()
  const tls = await tlsOf(options, host)
  const route = routeToDirectory(files)
  const server = await HttpServer.listen({ route, host, port, log, ...(tls === undefined ? {} : { tls }) })
  await serveUntilSignal(server, { host, port: server.port })
}

/** The key and certificate that were asked for, given or made. */
async function tlsOf(options: Flags, host: string): Promise<KeyAndCertificate | undefined> {
  const { tls, tlsCert, tlsKey, tlsName, tlsDirectory } = options
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw new UsageError('--tls-cert and --tls-key go together')
  if (tlsCert !== undefined && tlsKey !== undefined) {
    const [cert, key] = await Promise.all([readFile(tlsCert, 'utf8'), readFile(tlsKey, 'utf8')])
    return { cert, key }
  }
  if (tls !== true) return undefined
  const [{ madeCertificate }, { stateDirectory }] = await Promise.all([
    import('../sys/made-certificate.ts'),
    import('../config/paths.ts'),
  ])
  const directory = tlsDirectory ?? join(stateDirectory(), 'tls')
  return madeCertificate(directory, host === '0.0.0.0' ? [hostname(), ...tlsName] : [host, ...tlsName])
}
