import { autoexecScript } from '../boot/loaders/ipxe.ts'
import { httpBase } from '../boot/server-addresses.ts'
import type { HttpAnswer } from '../protocols/http/answer.ts'
import type { TftpPeer } from '../protocols/tftp/report.ts'
import { type ByteSource, memorySource } from '../storage/byte-source.ts'
import { openFileSource } from '../storage/file-source.ts'
import { identify } from '../storage/hot-chunks.ts'
import { answerBoot } from './boot-routes.ts'
import type { BootServices } from './boot-services.ts'
import { loaderConfig, peerAddress, readConfigName } from './loader-configs.ts'
import { openPiFile } from './raspberry-pi.ts'

/**
 * The file that a TFTP path means: a loader, the configuration of one, or for loaders that know no HTTP what is also
 * served over HTTP under the same path. Nothing else can be named.
 */
export async function openTftpFile(
  services: BootServices,
  path: string,
  peer: TftpPeer,
): Promise<ByteSource | undefined> {
  const { name, ...asked } = readConfigName(path)
  if (name.kind === 'own') return (await openPiFile(services, name.file, peer)) ?? openLoader(services, name.file)
  if ('file' in name) return (await openBootFile(services, name.file, peer)) ?? openLoader(services, name.file)
  const text = await loaderConfig(services, { name, ...asked, peer: peerAddress(peer), by: 'tftp' })
  return text === undefined ? undefined : memorySource(Buffer.from(text))
}

/** Kernels and initramfs parts, under their names of HTTP. */
const BOOT_FILES = /^(?:release|initramfs|boot)\//

async function openBootFile(services: BootServices, file: string, peer: TftpPeer): Promise<ByteSource | undefined> {
  if (!BOOT_FILES.test(file)) return undefined
  const url = `/${file}`
  const answer = await answerBoot(services, {
    method: 'GET',
    url,
    path: url,
    query: new URLSearchParams(),
    headers: {},
    peer,
    localAddress: services.server.address,
    signal: new AbortController().signal,
  })
  return answer === undefined ? undefined : sourceOf(answer)
}

/** An answer in words is a refusal there; TFTP says "not found". */
function sourceOf(answer: HttpAnswer): ByteSource | undefined {
  if (answer.kind === 'source') return answer.tag === undefined ? answer.source : identify(answer.source, answer.tag)
  return answer.kind === 'bytes' ? memorySource(answer.bytes) : undefined
}

/** Firmware adds what it likes before the name of a loader, so only the last part counts. */
async function openLoader({ loaders, server }: BootServices, file: string): Promise<ByteSource | undefined> {
  const name = file.split('/').at(-1) ?? ''
  if (name === 'autoexec.ipxe') return memorySource(Buffer.from(autoexecScript(httpBase(server))))
  const loader = await loaders.get(name)
  return loader === undefined ? undefined : identify(await openFileSource(loader.path), loader.digest)
}
