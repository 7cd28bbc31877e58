import type { Ipv4 } from '../../net/ipv4.ts'
import type { DhcpClient } from './client.ts'
import type { ClasslessRoute } from './option-codecs.ts'
import type { MessageType } from './options.ts'
import type { RawOptions } from './packet.ts'
import type { PxeBootItem, PxeMenu } from './pxe-options.ts'

/** What one machine is told beside its address. Policy makes it; no protocol code knows why. */
export interface DhcpAnswer {
  /** Bits of the network part of its address. */
  readonly prefix: number
  readonly leaseSeconds: number
  readonly routers?: readonly Ipv4[]
  readonly nameServers?: readonly Ipv4[]
  readonly ntpServers?: readonly Ipv4[]
  readonly hostName?: string
  readonly domainName?: string
  readonly domainSearch?: readonly string[]
  /** Bytes. */
  readonly mtu?: number
  /** Where NFS, iSCSI or NBD roots are, for firmware and initramfs that read option 17. */
  readonly rootPath?: string
  /** Sent to those that know option 121, together with the first router as default route (RFC 3442). */
  readonly routes?: readonly ClasslessRoute[]
  /** Where the boot file is (`siaddr`); this server if nothing is said. */
  readonly nextServer?: Ipv4
  /** Path for TFTP, or URL for HTTP firmware and iPXE. */
  readonly bootFile?: string
  /** Shown by PXE firmware itself, which then asks port 4011 for what was taken; there is no boot file meanwhile. */
  readonly menu?: PxeMenu
  /** What was taken in that menu, as the machine says it, and the name of it for people. */
  readonly chosen?: { readonly item: PxeBootItem; readonly name: string }
  /** Sent whether asked for or not, in place of what we would send under the same code. */
  readonly extra?: RawOptions
}

/** What an answer is for. */
export interface Asked {
  /** The address that the machine will have. */
  readonly address: Ipv4
  /** An address of the network that it is in: the answer's prefix and routers are those of that network. */
  readonly link: Ipv4
  /** Tells a DISCOVER, whose answer may be computed again a second later, from what follows. */
  readonly received: MessageType
  /** What was taken in the menu of its firmware. */
  readonly bootItem?: PxeBootItem
}

/** Says what a machine is told, or nothing if it is not to be served. */
export type AnswerClient = (
  client: DhcpClient,
  asked: Asked,
) => DhcpAnswer | undefined | Promise<DhcpAnswer | undefined>
