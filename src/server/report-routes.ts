import { isBootId } from '../fleet/boot-id.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import type { ReportEvent } from '../fleet/events.ts'
import { parseReport } from '../fleet/report.ts'
import { MAX_REPORT_BYTES, ReportError } from '../fleet/report-lines.ts'
import { tryParseMac } from '../net/mac.ts'
import type { HttpAnswer, HttpRequest } from '../protocols/http/answer.ts'
import { type BootServices, textAnswer } from './boot-services.ts'

type Groups = readonly string[]

/**
 * What a machine says of its boot. Where nobody knows the boot, the server has lost its state under a machine that was
 * booting: the story goes on under the same id once a report names the machine, and the reports before that are let
 * pass, because the machine sends them in their order.
 */
export async function takeReport(services: BootServices, request: HttpRequest, [id = '']: Groups): Promise<HttpAnswer> {
  if (!isBootId(id)) return textAnswer(`There is no boot ${id}`, 404)
  const { story } = services
  return postedReport(services, request, ([stage]) => story.get(id) ?? bootOfCards(services, id, stage))
}

/**
 * From a machine that knows no id: it did not boot by our script, or its plan did not arrive. Nothing begins before the
 * report is read, so that nobody fills the list of boots by asking.
 */
export async function takeReportOfMac(
  services: BootServices,
  request: HttpRequest,
  [text = '']: Groups,
): Promise<HttpAnswer> {
  const mac = tryParseMac(text)
  if (mac === undefined) return textAnswer(`Cannot read MAC address ${text}`, 400)
  return postedReport(services, request, ([stage]) => services.story.bootOf({ mac }, stage.at))
}

/** The machine is the one whose card has booted before, or has the first of these cards. */
function bootOfCards({ story }: BootServices, id: string, stage: ReportEvent): Boot | undefined {
  const macs = stage.type === 'report.cards' ? stage.cards.map((card) => card.mac) : []
  const mac = macs.find((one) => story.current(one) !== undefined) ?? macs[0]
  return mac === undefined ? undefined : story.beginAgain(id, { mac }, stage.at)
}

type ReportEvents = ReturnType<typeof parseReport>

function postedReport(
  { log, story, hardware }: BootServices,
  { url, peer }: HttpRequest,
  bootOf: (events: ReportEvents) => Boot | undefined,
): HttpAnswer {
  const accept = async (body: Buffer) => {
    try {
      const events = parseReport(body, Date.now())
      const boot = bootOf(events)
      if (boot === undefined) return textAnswer('Nobody knows this boot; the report of its cards will name it', 202)
      for (const event of events) story.record(boot.id, event)
      const [stage] = events
      if (stage.type === 'report.cards') story.attempt(() => hardware.learn(boot.machine.mac, stage))
      return textAnswer('')
    } catch (error) {
      if (!(error instanceof ReportError)) throw error
      log.warn('report refused', { url, peer: peer.address, error })
      return textAnswer(error.message, 400)
    }
  }
  return { kind: 'post', accept, maxBytes: MAX_REPORT_BYTES }
}
