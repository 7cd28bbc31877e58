/*
 * What a storm meets, in a process of its own: `node bench/storm-server.ts JSON`. The servers, the admission and the
 * scripts are those of `netroot up`; there is no image behind them, but files of the sizes that were asked for.
 */
import { waitScript } from '../src/boot/loaders/ipxe.ts'
import { type Mac, parseMac } from '../src/net/mac.ts'
import type { HttpAnswer, HttpRequest } from '../src/protocols/http/answer.ts'
import { HttpServer } from '../src/protocols/http/server.ts'
import { TftpServer } from '../src/protocols/tftp/server.ts'
import { Admission, turnWords } from '../src/server/admission.ts'
import { noteResponse } from '../src/server/admission-story.ts'
import { type ByteSource, memorySource } from '../src/storage/byte-source.ts'
import { HotChunks, identify } from '../src/storage/hot-chunks.ts'

export interface StormServerOptions {
  /** Machines that fetch at the same time. */
  readonly atOnce: number
  readonly loaderBytes: number
  readonly kernelBytes: number
  readonly initramfsBytes: number
}

/** What the process prints, in one line, when it is ready. */
export interface StormServerPorts {
  readonly tftp: number
  readonly http: number
}

const RELEASE = '0123456789abcdef'.repeat(4)
const HOST = '127.0.0.1'

class StormServer {
  readonly #options: StormServerOptions
  readonly #admission: Admission
  /** By the id of a boot. */
  readonly #machines = new Map<string, Mac>()
  base = ''

  constructor(options: StormServerOptions) {
    this.#options = options
    this.#admission = new Admission({ atOnce: options.atOnce })
  }

  async listen(): Promise<StormServerPorts> {
    const chunks = new HotChunks()
    const boots = { get: (id: string) => this.#boot(id), ofAddress: () => undefined }
    const http = await HttpServer.listen({
      host: HOST,
      port: 0,
      chunks,
      route: (request) => this.#route(request),
      onResponse: (report) => noteResponse(this.#admission, boots, report, performance.now()),
    })
    const loader = async (): Promise<ByteSource> => filled('loader', this.#options.loaderBytes)
    const tftp = await TftpServer.listen({ host: HOST, port: 0, chunks, open: loader })
    this.base = `http://${HOST}:${http.port}`
    return { tftp: tftp.port, http: http.port }
  }

  #boot(id: string): { machine: { mac: Mac } } | undefined {
    const mac = this.#machines.get(id)
    return mac === undefined ? undefined : { machine: { mac } }
  }
  async #route({ path, query }: HttpRequest): Promise<HttpAnswer | undefined> {
    if (path === '/ipxe') return { kind: 'text', text: this.#script(parseMac(query.get('mac') ?? '')) }
    if (path.startsWith('/report/')) return { kind: 'post', accept: async () => ({ kind: 'text', text: '' }) }
    const bytes = path.startsWith('/release/') ? this.#options.kernelBytes : this.#options.initramfsBytes
    return { kind: 'source', source: filled(path, bytes), tag: path.startsWith('/release/') ? 'kernel' : 'initramfs' }
  }
  #script(mac: Mac): string {
    const turn = this.#admission.ask(mac, performance.now())
    if (!turn.admitted) return waitScript(turnWords(turn), this.base, turn.retrySeconds)
    const id = mac.replaceAll(':', '')
    this.#machines.set(id, mac)
    const kernel = `kernel ${this.base}/release/${RELEASE}/kernel/6.12`
    return `#!ipxe\n${kernel}\ninitrd ${this.base}/boot/${id}/${RELEASE}/6.12/client.cpio\nboot\n`
  }
}

/** A file of so many bytes; it is not held in memory, so that what is held is the server's doing. */
function filled(identity: string, size: number): ByteSource {
  const read = async (target: Uint8Array, position: number): Promise<number> => {
    const length = Math.max(0, Math.min(target.byteLength, size - position))
    target.fill(1, 0, length)
    return length
  }
  return identify({ ...memorySource(new Uint8Array(0)), size, read }, identity)
}

const server = new StormServer(JSON.parse(process.argv[2] ?? '') as StormServerOptions)
process.stdout.write(`${JSON.stringify(await server.listen())}\n`)
