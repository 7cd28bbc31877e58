import { MAX_LOG_BYTES } from '../fleet/boot-logs.ts'
import { isBootId } from '../fleet/boot-id.ts'
import { tryParseMac } from '../net/mac.ts'
import type { HttpAnswer, HttpRequest } from '../protocols/http/answer.ts'
import { type BootServices, textAnswer } from './boot-services.ts'

type Groups = readonly string[]

/** What the kernel and the init of a machine said, whole. */
export async function takeLog({ story }: BootServices, _: HttpRequest, [id = '']: Groups): Promise<HttpAnswer> {
  if (!isBootId(id) || story.get(id) === undefined) return textAnswer(`There is no boot ${id}`, 404)
  return postedLog((body) => story.keepLog(id, body, Date.now()))
}

/** From a machine that knows no id; a log alone begins no boot. */
export async function takeLogOfMac({ story }: BootServices, _: HttpRequest, [text = '']: Groups): Promise<HttpAnswer> {
  const mac = tryParseMac(text)
  const boot = mac === undefined ? undefined : story.current(mac)
  if (boot === undefined) return textAnswer(`There is no boot of ${text}`, 404)
  return postedLog((body) => story.keepLog(boot.id, body, Date.now()))
}

function postedLog(keep: (body: Buffer) => void): HttpAnswer {
  const accept = async (body: Buffer) => {
    keep(body)
    return textAnswer('')
  }
  return { kind: 'post', accept, maxBytes: MAX_LOG_BYTES }
}
