import { Command } from 'commander'
import { parseListen, serveUntilSignal } from './listen.ts'

/** `netroot serve http DIR`: a directory by HTTP, read-only. */
export function serveHttpCommand(): Command {
  return new Command('http')
    .description('Serve the files of a directory by HTTP, read-only')
    .argument('<directory>', 'what is served; a client sees it as /')
    .option('--listen <address:port>', 'where to listen; port 0 takes any free one', '0.0.0.0:80')
    .option('--quiet', 'no line per request on standard error')
    .addHelpText('after', EXAMPLES)
    .action(serveHttp)
}

const EXAMPLES = `
Examples:
  netroot serve http /srv/boot --listen 10.0.0.1:8080
  netroot serve http . --listen 127.0.0.1:0`

async function serveHttp(directory: string, options: { listen: string; quiet?: true }): Promise<void> {
  const [{ HttpServer }, { routeToDirectory }, { DirectoryFiles }, { silent, stderrLogger }] = await Promise.all([
    import('../protocols/http/server.ts'),
    import('../protocols/http/directory.ts'),
    import('../storage/directory-files.ts'),
    import('../sys/log.ts'),
  ])
  const { host, port } = parseListen(options.listen, 80)
  const files = await DirectoryFiles.open(directory)
  const log = options.quiet === true ? silent : stderrLogger()
  const server = await HttpServer.listen({ route: routeToDirectory(files), host, port, log })
  await serveUntilSignal(server, { host, port: server.port })
}
