import { grubFirstScript, grubRefusal, grubScript, grubWait } from '../boot/loaders/grub.ts'
import { pxelinuxConfig, pxelinuxRefusal, pxelinuxWait } from '../boot/loaders/pxelinux.ts'
import { httpBase } from '../boot/server-addresses.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import type { NamedMachine, TftpName } from '../protocols/tftp/names.ts'
import { messageWithCauses } from '../sys/log.ts'
import { turnWords } from './admission.ts'
import type { BootServices } from './boot-services.ts'
import type { PreparedBoot } from './plans.ts'

/** A configuration that PXELINUX or GRUB asks for. */
type ConfigName = Extract<TftpName, { readonly kind: 'pxelinux' | 'grub' }>

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
 *
 * @param path as it was asked for, so that the machine can ask again
 * @param peer address of whoever asks
 */
export async function loaderConfig(
  services: BootServices,
  name: ConfigName,
  path: string,
  peer: Ipv4,
): Promise<string | undefined> {
  const { server } = services
  if (name.kind === 'grub' && name.machine.by === 'anyone') return grubFirstScript(server.address)
  const mac = macOf(services, name.machine, peer)
  if (mac === undefined) return undefined
  return configOf(services, mac, rendererOf(services, name.kind, path))
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

function rendererOf({ server }: BootServices, kind: ConfigName['kind'], path: string): Renderer {
  if (kind === 'pxelinux') {
    return {
      boot: ({ plan, title }) => pxelinuxConfig(plan, httpBase(server), title, path),
      wait: (reason) => pxelinuxWait(reason, path),
      refusal: pxelinuxRefusal,
    }
  }
  return {
    boot: ({ plan, title }) => grubScript(plan, server.address, title),
    wait: (reason) => grubWait(reason, server.address),
    refusal: (reason) => grubRefusal(reason, REFUSAL_SECONDS),
  }
}

/** PXELINUX asks for `default` last, when the machine's card has told nothing: then its address tells. */
function macOf({ story }: BootServices, machine: NamedMachine, peer: Ipv4): Mac | undefined {
  if (machine.by === 'mac') return machine.mac
  const address = machine.by === 'address' ? machine.address : machine.by === 'anyone' ? peer : undefined
  return address === undefined ? undefined : story.ofAddress(address)?.machine.mac
}
