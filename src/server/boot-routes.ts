import type { FileRole } from '../fleet/events.ts'
import type { HttpAnswer, HttpRequest } from '../protocols/http/answer.ts'
import type { BootRoute, BootServices } from './boot-services.ts'
import { sendClientPart, sendKernel, sendLoader, sendOwnInitramfs, sendPart } from './file-routes.ts'
import { sendGrubConfig } from './loader-configs.ts'
import { takeLog, takeLogOfMac } from './log-routes.ts'
import { takeReport, takeReportOfMac } from './report-routes.ts'
import { sendBootScript, sendFirstScript } from './script-routes.ts'

interface Row {
  readonly path: RegExp
  readonly role: FileRole
  readonly route: BootRoute
}

const DIGEST = '([0-9a-f]{64})'
const VERSION = '([A-Za-z0-9][A-Za-z0-9._+~-]*)'

/** Every path of a boot, docs/architecture.md "Names over HTTP, TFTP and NFS". */
const ROWS: readonly Row[] = [
  { path: /^\/boot\.ipxe$/, role: 'script', route: sendFirstScript },
  { path: /^\/ipxe$/, role: 'script', route: sendBootScript },
  // shim adds a slash of its own before GRUB's name
  { path: /^\/loader\/+([\w.-]+)$/, role: 'loader', route: sendLoader },
  {
    path: /^\/+(?:loader\/+)?grub\/grub\.cfg(?:-[\w:.-]+(?:\/choose\/[\w.-]+)?)?$/,
    role: 'script',
    route: sendGrubConfig,
  },
  { path: new RegExp(`^/release/${DIGEST}/kernel/${VERSION}$`), role: 'kernel', route: sendKernel },
  { path: new RegExp(`^/release/${DIGEST}/initramfs/${VERSION}$`), role: 'initramfs', route: sendOwnInitramfs },
  { path: new RegExp(`^/initramfs/microcode/(${DIGEST}\\.cpio)$`), role: 'microcode', route: sendPart },
  { path: new RegExp(`^/initramfs/tools/(${DIGEST}\\.cpio\\.\\w+)$`), role: 'tools', route: sendPart },
  { path: new RegExp(`^/initramfs/drivers/(${DIGEST}\\.cpio\\.\\w+)$`), role: 'drivers', route: sendPart },
  { path: new RegExp(`^/boot/([a-z0-9]+)/${DIGEST}/${VERSION}/client\\.cpio$`), role: 'client', route: sendClientPart },
  { path: new RegExp(`^/initramfs/ssh/(${DIGEST}\\.cpio\\.\\w+)$`), role: 'ssh', route: sendPart },
  { path: /^\/report\/([a-z0-9]+)$/, role: 'other', route: takeReport },
  { path: /^\/log\/([a-z0-9]+)$/, role: 'other', route: takeLog },
  { path: /^\/log\/mac\/([0-9A-Fa-f:-]{12,20})$/, role: 'other', route: takeLogOfMac },
  { path: /^\/report\/mac\/([0-9A-Fa-f:-]{12,20})$/, role: 'other', route: takeReportOfMac },
]

/** Answers a request of a machine; undefined where there is no such path. */
export async function answerBoot(services: BootServices, request: HttpRequest): Promise<HttpAnswer | undefined> {
  for (const { path, route } of ROWS) {
    const match = path.exec(request.path)
    if (match !== null) return route(services, request, match.slice(1))
  }
  return undefined
}

/** Which part of a boot a path is. */
export function roleOf(path: string): FileRole {
  return ROWS.find((row) => row.path.test(path))?.role ?? 'other'
}
