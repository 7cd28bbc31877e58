import {
  type GrubDevice,
  grubFirstScript,
  grubLocal,
  grubMenu,
  grubRefusal,
  grubScript,
  grubWait,
} from '../boot/loaders/grub.ts'
import { chooseName, readChooseName } from '../boot/loaders/menu.ts'
import { pxelinuxConfig, pxelinuxLocal, pxelinuxMenu, pxelinuxWait } from '../boot/loaders/pxelinux.ts'
import { httpBase, urlHost } from '../boot/server-addresses.ts'
import { isIpv4 } from '../net/ipv4.ts'
import { type IpAddress, isIpv6 } from '../net/ipv6.ts'
import type { Mac } from '../net/mac.ts'
import type { HttpAnswer, HttpRequest } from '../protocols/http/answer.ts'
import { type NamedMachine, readTftpName, type TftpName } from '../protocols/tftp/names.ts'
import { type BootServices, textAnswer } from './boot-services.ts'
import { type NextStep, nextStep } from './next-step.ts'

/** A configuration that PXELINUX or GRUB asks for. */
type ConfigName = Extract<TftpName, { readonly kind: 'pxelinux' | 'grub' }>

/** Who asks for a configuration, and how. */
export interface ConfigRequest {
  readonly name: ConfigName
  /** As it was asked for, without the entry of a menu. */
  readonly path: string
  /** The entry of its menu that the machine asks for. */
  readonly choice: string | undefined
  /** Address of whoever asks. */
  readonly peer: IpAddress
  /** GRUB fetches the rest the same way. */
  readonly by: 'tftp' | 'http'
}

const REFUSAL_SECONDS = 10

/**
 * The configuration of PXELINUX or GRUB for the machine that its name means; undefined where that is no machine we
 * know, so that the loader goes on to its next name.
 */
export async function loaderConfig(services: BootServices, request: ConfigRequest): Promise<string | undefined> {
  const { name, peer, by, path, choice } = request
  if (name.kind === 'grub' && name.machine.by === 'anyone') return grubFirstScript(grubDevice(services, by))
  const mac = macOf(services, name.machine, peer)
  if (mac === undefined) return undefined
  const boot = services.story.bootOf({ mac }, Date.now())
  const step = await nextStep(services, boot, choice)
  const asked = { path, again: choice === undefined ? undefined : chooseName(path, choice) }
  return name.kind === 'pxelinux'
    ? pxelinuxFor(step, httpBase(services.server), asked)
    : grubFor(step, grubDevice(services, by), asked)
}

/** What a TFTP or HTTP path means to a loader, with the entry of a menu that stands behind it. */
export function readConfigName(asked: string): Pick<ConfigRequest, 'path' | 'choice'> & { readonly name: TftpName } {
  const { name: path, choice } = readChooseName(asked)
  return { name: readTftpName(path), path, choice }
}

/** Under which names the machine can ask again. */
interface AskedNames {
  readonly path: string
  /** The same for the entry of the menu that was taken, so that nobody is asked twice. */
  readonly again: string | undefined
}

/** The same for GRUB that came by HTTP. */
export async function sendGrubConfig(services: BootServices, { path, peer }: HttpRequest): Promise<HttpAnswer> {
  const { name, ...asked } = readConfigName(path)
  const request = { ...asked, peer: peerAddress(peer), by: 'http' } as const
  const text = 'file' in name ? undefined : await loaderConfig(services, { name, ...request })
  return text === undefined ? textAnswer(`There is no ${path}`, 404) : textAnswer(text)
}

/** The address of somebody who asks; none of ours where it is one of the link alone. */
export function peerAddress({ address }: { readonly address: string }): IpAddress {
  return isIpv4(address) || isIpv6(address) ? address : '0.0.0.0'
}

function pxelinuxFor(step: NextStep, base: string, { path, again = path }: AskedNames): string {
  switch (step.kind) {
    case 'boot':
      return pxelinuxConfig(step.prepared.plan, base, step.prepared.title, again)
    case 'menu':
      return pxelinuxMenu(step.menu, path)
    case 'local':
    case 'refuse':
      return pxelinuxLocal(step.words)
    default:
      return pxelinuxWait(step.words, again)
  }
}

function grubFor(step: NextStep, device: GrubDevice, { path, again }: AskedNames): string {
  switch (step.kind) {
    case 'boot':
      return grubScript(step.prepared.plan, device, step.prepared.title, again)
    case 'menu':
      return grubMenu(step.menu, device, path)
    case 'local':
      return grubLocal(step.words)
    case 'refuse':
      return grubRefusal(step.words, REFUSAL_SECONDS)
    default:
      return grubWait(step.words, device, again)
  }
}

function grubDevice({ server: { address, httpPort } }: BootServices, by: ConfigRequest['by']): GrubDevice {
  if (by === 'tftp') return `tftp,${urlHost(address)}`
  return httpPort === 80 ? `http,${urlHost(address)}` : `http,${urlHost(address)}:${httpPort}`
}

/** PXELINUX asks for `default` last, when the machine's card has told nothing: then its address tells. */
function macOf({ story }: BootServices, machine: NamedMachine, peer: IpAddress): Mac | undefined {
  if (machine.by === 'mac') return machine.mac
  const address = machine.by === 'address' ? machine.address : machine.by === 'anyone' ? peer : undefined
  return address === undefined ? undefined : story.ofAddress(address)?.machine.mac
}
