import { setTimeout as sleep } from 'node:timers/promises'
import { Command, InvalidArgumentError } from 'commander'
import { inheritedSocket } from '../sys/inherited-socket.ts'
import { parseListen, serveUntilSignal } from './listen.ts'

/** `netroot serve tftp DIR`: a directory by TFTP, read-only. */
export function serveTftpCommand(): Command {
  return new Command('tftp')
    .description('Serve the files of a directory by TFTP, read-only')
    .argument('<directory>', 'what is served; a client sees it as /')
    .option('--listen <address:port>', 'where to listen; port 0 takes any free one', '0.0.0.0:69')
    .option('--one-port', 'answer from the port that was asked, for firewalls that let through nothing else')
    .option('--per-source <number>', 'transfers at one time to one address', countOf)
    .option('--rate <number>', 'requests answered in one second', countOf)
    .option('--inetd [seconds]', 'serve the socket that xinetd gives, until nobody asked for 60 s or so many', countOf)
    .option('--quiet', 'no line per transfer on standard error')
    .addHelpText('after', EXAMPLES)
    .action(serveTftp)
}

const EXAMPLES = `
Examples:
  netroot serve tftp /srv/tftp
  netroot serve tftp /srv/tftp --listen 10.0.0.1:69
  netroot serve tftp /srv/tftp --one-port --per-source 11 --rate 100

Give an address where the machine has several: answers then come from the one that was asked.`

interface Flags {
  readonly listen: string
  readonly onePort?: true
  readonly perSource?: number
  readonly rate?: number
  readonly inetd?: true | number
  readonly quiet?: true
}

function countOf(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Want a number from 1 to 999999.')
}

async function serveTftp(directory: string, options: Flags): Promise<void> {
  const [{ TftpServer }, { openTftpFrom }, { DirectoryFiles }, { silent, stderrLogger }] = await Promise.all([
    import('../protocols/tftp/server.ts'),
    import('../protocols/tftp/directory.ts'),
    import('../storage/directory-files.ts'),
    import('../sys/log.ts'),
  ])
  const { host, port } = parseListen(options.listen, 69)
  const files = await DirectoryFiles.open(directory)
  const log = options.quiet === true ? silent : stderrLogger()
  const server = await TftpServer.listen({
    open: openTftpFrom(files),
    host,
    port,
    log,
    ...(options.inetd === undefined ? {} : { fd: await inheritedSocket() }),
    onePort: options.onePort === true,
    ...(options.perSource === undefined ? {} : { maxTransfersPerPeer: options.perSource }),
    ...(options.rate === undefined ? {} : { maxPerSecond: options.rate }),
  })
  if (options.inetd === undefined) return serveUntilSignal(server, { host, port: server.port })
  await untilIdle(server, options.inetd === true ? INETD_SECONDS : options.inetd)
  await server.close()
}

/** What xinetd waits for before it listens itself again. */
const INETD_SECONDS = 60

/** Resolves when nothing was asked for so long. */
async function untilIdle(server: { readonly idleMs: number }, seconds: number): Promise<void> {
  for (let left = seconds * 1000; left > 0; left = seconds * 1000 - server.idleMs) await sleep(Math.max(50, left))
}
