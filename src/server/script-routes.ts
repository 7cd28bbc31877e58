import { bootScript, firstScript, localScript, menuScript, refusalScript, waitScript } from '../boot/loaders/ipxe.ts'
import { httpBase } from '../boot/server-addresses.ts'
import { tryParseStaticAddress } from '../boot/static-address.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import { type Mac, tryParseMac } from '../net/mac.ts'
import type { HttpAnswer, HttpRequest } from '../protocols/http/answer.ts'
import { type BootServices, textAnswer } from './boot-services.ts'
import { type NextStep, nextStep } from './next-step.ts'

/** The first script, in which a machine says who it is. */
export async function sendFirstScript({ server }: BootServices): Promise<HttpAnswer> {
  return textAnswer(firstScript(httpBase(server)))
}

/** The script of one machine. What cannot be planned now is said on its screen, and it asks again. */
export async function sendBootScript(services: BootServices, { query }: HttpRequest): Promise<HttpAnswer> {
  const base = httpBase(services.server)
  const mac = tryParseMac(query.get('mac') ?? '')
  if (mac === undefined) return textAnswer('Cannot read mac=, want six octets such as 52:54:00:12:34:56', 400)
  const choice = query.get('choice') ?? ''
  const own = tryParseStaticAddress(query.get('static') ?? '')
  const step = await nextStep(services, bootOf(services, mac, query), choice === '' ? undefined : choice, own)
  return textAnswer(scriptFor(step, base, timesIn(query.get('failed'))))
}

function scriptFor(step: NextStep, base: string, failed: number): string {
  switch (step.kind) {
    case 'boot':
      return bootScript(step.prepared.plan, base, step.prepared.title, failed)
    case 'menu':
      return menuScript(step.menu, base)
    case 'local':
      return localScript(step.words)
    case 'refuse':
      return refusalScript(step.words, 10)
    default:
      return waitScript(step.words, base, step.seconds)
  }
}

function timesIn(text: string | null): number {
  return /^\d{1,4}$/.test(text ?? '') ? Number(text) : 0
}

/** The boot that asks; one begins here where another server gave the address. */
function bootOf({ story }: BootServices, mac: Mac, query: URLSearchParams): Boot {
  const uuid = query.get('uuid')?.toLowerCase() ?? ''
  const busId = query.get('busid')?.toLowerCase() ?? ''
  const cpu = query.get('cpu') ?? ''
  const machine = {
    mac,
    ...(cpu === 'i386' || cpu === 'x86_64' ? { is64Bit: cpu === 'x86_64' } : {}),
    ...(/^[0-9a-f-]{36}$/.test(uuid) ? { uuid } : {}),
    ...(/^01(?::[0-9a-f]{2}){4}$/.test(busId) ? { busId } : {}),
  }
  const now = Date.now()
  return story.bootOfDhcp(machine, 'ipxe', now) ?? story.bootOf(machine, now)
}
