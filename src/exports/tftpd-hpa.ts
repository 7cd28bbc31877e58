import type { ServerAddresses } from '../boot/server-addresses.ts'
import type { Export } from './drop-in.ts'

/**
 * A file for /etc/default/tftpd-hpa, which Debian's unit reads.
 *
 * @param directory with the loaders, as `netroot loader fetch --into` makes it
 */
export function tftpdHpaExport({ address }: ServerAddresses, directory: string): Export {
  const body = [
    'TFTP_USERNAME="tftp"',
    `TFTP_DIRECTORY="${directory}"`,
    `TFTP_ADDRESS="${address}:69"`,
    '# a packet of 1468 bytes and its headers fill an Ethernet frame; larger ones would come in pieces',
    'TFTP_OPTIONS="--secure --blocksize 1468"',
    '',
  ].join('\n')
  return { daemon: 'tftpd-hpa', comment: '#', body }
}
