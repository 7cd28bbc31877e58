import { bootScript, firstScript, refusalScript, waitScript } from '../boot/loaders/ipxe.ts'
import { httpBase } from '../boot/server-addresses.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import { type Mac, tryParseMac } from '../net/mac.ts'
import type { HttpAnswer, HttpRequest } from '../protocols/http/answer.ts'
import { messageWithCauses } from '../sys/log.ts'
import { turnWords } from './admission.ts'
import { type BootServices, textAnswer } from './boot-services.ts'

/** The first script, in which a machine says who it is. */
export async function sendFirstScript({ server }: BootServices): Promise<HttpAnswer> {
  return textAnswer(firstScript(httpBase(server)))
}

/** The script of one machine. What cannot be planned now is said on its screen, and it asks again. */
export async function sendBootScript(services: BootServices, { query }: HttpRequest): Promise<HttpAnswer> {
  const base = httpBase(services.server)
  const mac = tryParseMac(query.get('mac') ?? '')
  if (mac === undefined) return textAnswer('Cannot read mac=, want six octets such as 52:54:00:12:34:56', 400)
  try {
    const boot = bootOf(services, mac, query)
    const turn = services.admission.ask(mac, performance.now())
    if (!turn.admitted) return textAnswer(waitScript(turnWords(turn), base, turn.retrySeconds))
    const prepared = await services.plans.prepare(boot)
    if (prepared === undefined) return textAnswer(refusalScript(`${mac} is not served (unknown: ignore)`, 10))
    return textAnswer(bootScript(prepared.plan, base, prepared.title, timesIn(query.get('failed'))))
  } catch (error) {
    services.log.error('cannot plan a boot', { mac, error })
    return textAnswer(waitScript(`cannot boot: ${messageWithCauses(error)}`, base))
  }
}

function timesIn(text: string | null): number {
  return /^\d{1,4}$/.test(text ?? '') ? Number(text) : 0
}

/** The boot that asks; one begins here where another server gave the address. */
function bootOf({ story }: BootServices, mac: Mac, query: URLSearchParams): Boot {
  const uuid = query.get('uuid')?.toLowerCase() ?? ''
  const busId = query.get('busid')?.toLowerCase() ?? ''
  const machine = {
    mac,
    ...(/^[0-9a-f-]{36}$/.test(uuid) ? { uuid } : {}),
    ...(/^01(?::[0-9a-f]{2}){4}$/.test(busId) ? { busId } : {}),
  }
  const now = Date.now()
  return story.bootOfDhcp(machine, 'ipxe', now) ?? story.bootOf(machine, now)
}
