/*
 * Benchmarks, each with its peers in the same run: `npm run bench -- NAME`. They print medians and ratios and write no
 * file; no test depends on them.
 */
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { reportFailure } from '../src/cli/failure.ts'
import { interruptible } from '../src/cli/store.ts'
import { bootBench } from './boot.ts'
import { httpBench } from './http.ts'
import { dhcpBench } from './dhcp.ts'
import { initramfsBench } from './initramfs.ts'
import { nfsBench } from './nfs.ts'
import { nfsBootBench } from './nfs-boot.ts'
import { nfsGuestBench, nfsOptionsBench } from './nfs-guest.ts'
import type { Bench } from './options.ts'
import { stormBench } from './storm.ts'
import { tftpBench } from './tftp.ts'

interface CommonOptions {
  readonly runs: number
  readonly json?: boolean
  readonly only?: readonly string[]
}

function runsOf(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Want a number of runs from 1 to 999.')
}

function benchCommand(name: string, description: string, bench: Bench): Command {
  return new Command(name)
    .description(description)
    .option('--runs <number>', 'how often each contender runs', runsOf, 3)
    .option('--json', 'print every measurement as JSON')
    .action(async ({ runs, json = false, only = [] }: CommonOptions) => {
      const tell = (line: string): unknown => process.stderr.write(`${line}\n`)
      process.stdout.write(await interruptible((signal) => bench({ runs, json, only, signal, tell })))
    })
}

/** Of a benchmark with many rows. */
function withRows(command: Command): Command {
  return command.option('--only <words...>', 'only the rows that have one of these in their names')
}

const program = new Command('npm run bench --')
  .description('Measures netroot beside its peers, in the same run on the same input.')
  .addCommand(benchCommand('boot', "a boot with netroot's initramfs and with Debian's own", bootBench))
  .addCommand(benchCommand('initramfs', 'making an initramfs, its size and its boot', initramfsBench))
  .addCommand(benchCommand('dhcp', 'DHCP beside Kea, ISC dhcpd and dnsmasq', dhcpBench))
  .addCommand(withRows(benchCommand('tftp', 'TFTP beside tftpd-hpa, atftpd and dnsmasq', tftpBench)))
  .addCommand(withRows(benchCommand('http', 'HTTP beside nginx and lighttpd', httpBench)))
  .addCommand(withRows(benchCommand('nfs', 'NFSv3 beside nfs-ganesha', nfsBench)))
  .addCommand(benchCommand('nfs-boot', 'boots over each version of NFS and from a local disk', nfsBootBench))
  .addCommand(
    withRows(
      benchCommand('nfs-guest', "NFS beside nfs-ganesha, with a virtual machine's kernel as client", nfsGuestBench),
    ),
  )
  .addCommand(withRows(benchCommand('nfs-options', 'what options of a mount and of the server gain', nfsOptionsBench)))
  .addCommand(benchCommand('storm', 'a thousand machines that power on together', stormBench))
for (const command of [program, ...program.commands]) command.exitOverride()

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) reportFailure(error)
  else process.exitCode = error.exitCode === 0 ? 0 : 2
}
