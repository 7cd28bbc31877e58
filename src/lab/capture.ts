import { open } from 'node:fs/promises'
import { LabProcess } from './lab-process.ts'
import type { Namespace } from './namespace.ts'
import { PermissionError, requireProgram } from './preconditions.ts'
import type { TranscriptMatch, WaitOptions } from './transcript.ts'

export interface CaptureOptions {
  /** Where the packets go, default in the lab's own folder, which is removed at the end. */
  readonly file?: string
  /** pcap-filter(7): `udp port 67`; default everything. */
  readonly filter?: string
}

/** Bytes kept of each packet: enough for DHCP and every header. */
export const SNAP_LENGTH = 512

/** Packets of one bridge that are being written to a file, each at once. */
export class Capture implements AsyncDisposable {
  readonly file: string
  readonly #tcpdump: LabProcess

  /**
   * Resolves once packets are being seen.
   *
   * @throws {PermissionError} if tcpdump is missing or may not capture
   */
  static async start(namespace: Namespace, bridge: string, file: string, filter = ''): Promise<Capture> {
    await requireCapture(namespace)
    const output = await open(file, 'w')
    try {
      // To standard output, because tcpdump gives its user away before it opens files.
      const how = ['--immediate-mode', '-U', '-n', '-s', String(SNAP_LENGTH), '-i', bridge, '-w', '-', filter]
      const tcpdump = namespace.spawn('tcpdump', how, { stdoutFile: output.fd })
      await tcpdump.stderr.waitFor('listening on', { timeoutMs: 10_000 })
      return new Capture(file, tcpdump)
    } finally {
      await output.close()
    }
  }
  private constructor(file: string, tcpdump: LabProcess) {
    this.file = file
    this.#tcpdump = tcpdump
  }

  /** Stops capturing; the file stays. */
  async close(): Promise<void> {
    await this.#tcpdump.stop()
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** Packets that match a filter, in words, as they pass: for tests that wait for one. */
export class PacketWatch implements AsyncDisposable {
  readonly #tcpdump: LabProcess

  /** @throws {PermissionError} if tcpdump is missing or may not capture */
  static async start(namespace: Namespace, bridge: string, filter: string): Promise<PacketWatch> {
    await requireCapture(namespace)
    const tcpdump = namespace.spawn('tcpdump', ['--immediate-mode', '-l', '-n', '-v', '-i', bridge, filter])
    await tcpdump.stderr.waitFor('listening on', { timeoutMs: 10_000 })
    return new PacketWatch(tcpdump)
  }
  private constructor(tcpdump: LabProcess) {
    this.#tcpdump = tcpdump
  }

  /** All packets so far, as `tcpdump -v` words them. */
  get text(): string {
    return this.#tcpdump.stdout.text
  }
  get position(): number {
    return this.#tcpdump.stdout.position
  }
  /** @throws {TranscriptError} if no packet shows the pattern in time */
  waitFor(pattern: RegExp | string, options: WaitOptions = {}): Promise<TranscriptMatch> {
    return this.#tcpdump.stdout.waitFor(pattern, options)
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tcpdump.stop()
  }
}

/**
 * The last packets of several captures as text, one line each, in the order of their times; seconds count from the first
 * packet. Left out are the reports of IPv6 multicast listeners (hop-by-hop options, protocol 0), which every interface
 * sends all the time.
 */
export async function describePackets(files: readonly string[], count: number): Promise<string> {
  const lines = (await Promise.all(files.map(readPackets))).flat().sort((a, b) => a.seconds - b.seconds)
  const first = lines[0]?.seconds ?? 0
  return lines
    .slice(-count)
    .map(({ seconds, text }) => `${(seconds - first).toFixed(3).padStart(8)} ${text}`)
    .join('\n')
}

interface PacketLine {
  /** Since 1970. */
  readonly seconds: number
  readonly text: string
}

async function readPackets(file: string): Promise<readonly PacketLine[]> {
  const args = ['-n', '-tt', '-r', file, 'not ip6 proto 0']
  const tcpdump = new LabProcess('tcpdump', args, ['tcpdump', ...args], {})
  await tcpdump.exited // a packet that is just being written makes it end with status 1
  const matches = tcpdump.stdout.text.matchAll(/^(\d+\.\d+) (.*)$/gm)
  return [...matches].map(([, seconds, text]) => ({ seconds: Number(seconds), text: text ?? '' }))
}

async function requireCapture(namespace: Namespace): Promise<void> {
  await requireProgram('tcpdump')
  if (!namespace.isUserNamespace) return
  // It sees that it is "root" and wants to become another user, which a user namespace of one user does not have.
  throw new PermissionError('Cannot watch packets: tcpdump refuses to run in a user namespace. Run it as root')
}
