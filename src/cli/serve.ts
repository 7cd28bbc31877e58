import { Command } from 'commander'
import { serveDhcpCommand } from './serve-dhcp.ts'
import { serveDhcp6Command } from './serve-dhcp6.ts'
import { serveHttpCommand } from './serve-http.ts'
import { serveNfsCommand } from './serve-nfs.ts'
import { serveTftpCommand } from './serve-tftp.ts'

/** `netroot serve …`: one service alone, for people who need just that. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('Serve one protocol alone')
    .addCommand(serveDhcpCommand())
    .addCommand(serveDhcp6Command())
    .addCommand(serveTftpCommand())
    .addCommand(serveHttpCommand())
    .addCommand(serveNfsCommand())
}
