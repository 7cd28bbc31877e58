import { isBootId } from '../fleet/boot-id.ts'
import { parseReport } from '../fleet/report.ts'
import { ReportError } from '../fleet/report-lines.ts'
import type { HttpAnswer, HttpRequest } from '../protocols/http/answer.ts'
import { type BootServices, textAnswer } from './boot-services.ts'
import { macIn } from './script-routes.ts'

type Groups = readonly string[]

/** Bytes: the words of a failure with the last lines of a log. */
const MOST_BYTES = 64 * 1024

/** What a machine says of its boot. */
export async function takeReport(services: BootServices, request: HttpRequest, [id = '']: Groups): Promise<HttpAnswer> {
  const { boots, log } = services
  if (!isBootId(id) || boots.get(id) === undefined) return textAnswer(`There is no boot ${id}`, 404)
  const accept = async (body: Buffer) => {
    try {
      boots.record(id, parseReport(body, Date.now()))
      return textAnswer('')
    } catch (error) {
      if (!(error instanceof ReportError)) throw error
      log.warn('report refused', { boot: id, peer: request.peer.address, error })
      return textAnswer(error.message, 400)
    }
  }
  return { kind: 'post', accept, maxBytes: MOST_BYTES }
}

/** From a machine that knows no id: it did not boot by our script, or its plan did not arrive. */
export async function takeReportOfMac(
  services: BootServices,
  request: HttpRequest,
  [text = '']: Groups,
): Promise<HttpAnswer> {
  const mac = macIn(text)
  if (mac === undefined) return textAnswer(`Cannot read MAC address ${text}`, 400)
  const { boots, nameOf } = services
  const boot = boots.current(mac) ?? boots.begin({ mac }, Date.now(), nameOf(mac))
  return takeReport(services, request, [boot.id])
}
