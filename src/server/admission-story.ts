import type { Mac } from '../net/mac.ts'
import type { ResponseReport } from '../protocols/http/answer.ts'
import { readTarget } from '../protocols/http/target.ts'
import type { Admission } from './admission.ts'
import { roleOf } from './boot-routes.ts'

/** What knows which machine a boot, or an address, is of. */
interface KnownBoots {
  get(id: string): { readonly machine: { readonly mac: Mac } } | undefined
  ofAddress(address: string): { readonly machine: { readonly mac: Mac } } | undefined
}

/** Files that are fetched last, by role. */
const LAST = new Set<string>(['client', 'initramfs'])
const HEAVY = new Set<string>(['kernel', 'tools', 'drivers', 'ssh', ...LAST])

/**
 * Tells the admission what a response means for the machine that got it: it fetches still, or has all it came for. A
 * report from its initramfs says the same of one that fetched over TFTP.
 */
export function noteResponse(admission: Admission, boots: KnownBoots, report: ResponseReport, now: number): void {
  const path = readTarget(report.url)?.path ?? ''
  const role = roleOf(path)
  const reports = path.startsWith('/report/')
  if (!reports && !HEAVY.has(role)) return
  const named = /^\/(?:boot|report)\/([a-z0-9]+)(?:\/|$)/.exec(path)?.[1]
  const mac = (named === undefined ? boots.ofAddress(report.peer.address) : boots.get(named))?.machine.mac
  if (mac === undefined) return
  if (reports || (LAST.has(role) && report.complete && report.status === 200)) admission.done(mac, now)
  else admission.heard(mac, now)
}
