import { isBootId } from '../fleet/boot-id.ts'
import type { ReportEvent } from '../fleet/events.ts'
import { parseReport } from '../fleet/report.ts'
import { MAX_REPORT_BYTES, ReportError } from '../fleet/report-lines.ts'
import { tryParseMac } from '../net/mac.ts'
import type { HttpAnswer, HttpRequest } from '../protocols/http/answer.ts'
import { type BootServices, textAnswer } from './boot-services.ts'

type Groups = readonly string[]

/** What a machine says of its boot. */
export async function takeReport(services: BootServices, request: HttpRequest, [id = '']: Groups): Promise<HttpAnswer> {
  const { story } = services
  if (!isBootId(id) || story.get(id) === undefined) return textAnswer(`There is no boot ${id}`, 404)
  return postedReport(services, request, (event) => story.record(id, event))
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
  const { story } = services
  return postedReport(services, request, (event) => story.record(story.bootOf({ mac }, event.at).id, event))
}

function postedReport(
  { log }: BootServices,
  { url, peer }: HttpRequest,
  record: (event: ReportEvent) => void,
): HttpAnswer {
  const accept = async (body: Buffer) => {
    try {
      record(parseReport(body, Date.now()))
      return textAnswer('')
    } catch (error) {
      if (!(error instanceof ReportError)) throw error
      log.warn('report refused', { url, peer: peer.address, error })
      return textAnswer(error.message, 400)
    }
  }
  return { kind: 'post', accept, maxBytes: MAX_REPORT_BYTES }
}
