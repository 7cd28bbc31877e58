import { type GrubDevice, grubFirstScript, grubRefusal, grubScript, grubWait } from '../boot/loaders/grub.ts'
import { pxelinuxConfig, pxelinuxRefusal, pxelinuxWait } from '../boot/loaders/pxelinux.ts'
import { httpBase } from '../boot/server-addresses.ts'
import { type Ipv4, isIpv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import type { HttpAnswer, HttpRequest } from '../protocols/http/answer.ts'
import { type NamedMachine, readTftpName, type TftpName } from '../protocols/tftp/names.ts'
import { messageWithCauses } from '../sys/log.ts'
import { turnWords } from './admission.ts'
import { type BootServices, textAnswer } from './boot-services.ts'
import type { PreparedBoot } from './plans.ts'

/** A configuration that PXELINUX or GRUB asks for. */
type ConfigName = Extract<TftpName, { readonly kind: 'pxelinux' | 'grub' }>

/** Who asks for a configuration, and how. */
export interface ConfigRequest {
  readonly name: ConfigName
  /** As it was asked for, so that the machine can ask again. */
  readonly path: string
  /** Address of whoever asks. */
  readonly peer: Ipv4
  /** GRUB fetches the rest the same way. */
  readonly by: 'tftp' | 'http'
}

/** How one loader is told what to do. */
interface Renderer {
  boot(prepared: PreparedBoot): string
  wait(reason: string): string
  refusal(reason: string): string
}

const REFUSAL_SECONDS = 10

/**
 * The configuration of PXELINUX or GRUB for the machine that its name means; undefined where that is no machine we
 * know, so that the loader goes on to its next name.
 */
export async function loaderConfig(services: BootServices, request: ConfigRequest): Promise<string | undefined> {
  const { name, peer, by } = request
  if (name.kind === 'grub' && name.machine.by === 'anyone') return grubFirstScript(grubDevice(services, by))
  const mac = macOf(services, name.machine, peer)
  if (mac === undefined) return undefined
  return configOf(services, mac, rendererOf(services, request))
}

/** The same for GRUB that came by HTTP. */
export async function sendGrubConfig(services: BootServices, { path, peer }: HttpRequest): Promise<HttpAnswer> {
  const name = readTftpName(path)
  const request = { path, peer: peerAddress(peer), by: 'http' } as const
  const text = 'file' in name ? undefined : await loaderConfig(services, { name, ...request })
  return text === undefined ? textAnswer(`There is no ${path}`, 404) : textAnswer(text)
}

/** The address of somebody who asks; none of ours where it is no IPv4 address. */
export function peerAddress({ address }: { readonly address: string }): Ipv4 {
  return isIpv4(address) ? address : '0.0.0.0'
}

async function configOf(services: BootServices, mac: Mac, render: Renderer): Promise<string> {
  try {
    const boot = services.story.bootOf({ mac }, Date.now())
    const turn = services.admission.ask(mac, performance.now())
    if (!turn.admitted) return render.wait(turnWords(turn))
    const prepared = await services.plans.prepare(boot)
    return prepared === undefined ? render.refusal(`${mac} is not served (unknown: ignore)`) : render.boot(prepared)
  } catch (error) {
    services.log.error('cannot plan a boot', { mac, error })
    return render.wait(`cannot boot: ${messageWithCauses(error)}`)
  }
}

function rendererOf(services: BootServices, { name, path, by }: ConfigRequest): Renderer {
  if (name.kind === 'pxelinux') {
    return {
      boot: ({ plan, title }) => pxelinuxConfig(plan, httpBase(services.server), title, path),
      wait: (reason) => pxelinuxWait(reason, path),
      refusal: pxelinuxRefusal,
    }
  }
  const device = grubDevice(services, by)
  return {
    boot: ({ plan, title }) => grubScript(plan, device, title),
    wait: (reason) => grubWait(reason, device),
    refusal: (reason) => grubRefusal(reason, REFUSAL_SECONDS),
  }
}

function grubDevice({ server: { address, httpPort } }: BootServices, by: ConfigRequest['by']): GrubDevice {
  if (by === 'tftp') return `tftp,${address}`
  return httpPort === 80 ? `http,${address}` : `http,${address}:${httpPort}`
}

/** PXELINUX asks for `default` last, when the machine's card has told nothing: then its address tells. */
function macOf({ story }: BootServices, machine: NamedMachine, peer: Ipv4): Mac | undefined {
  if (machine.by === 'mac') return machine.mac
  const address = machine.by === 'address' ? machine.address : machine.by === 'anyone' ? peer : undefined
  return address === undefined ? undefined : story.ofAddress(address)?.machine.mac
}
