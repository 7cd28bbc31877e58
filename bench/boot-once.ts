import type { FileRole, HttpFile } from '../src/fleet/events.ts'
import type { Machine } from '../src/lab/machine.ts'
import { ServedLab } from '../src/lab/served-lab.ts'
import { BENCH_IMAGE, type BenchImage } from './boot-image.ts'
import { consoleMarks } from './console-marks.ts'

/** Whose initramfs, and what it is asked for. */
export const CONTENDERS = {
  netroot: { title: 'netroot', initramfs: 'netroot', words: '' },
  debian: { title: "Debian's own", initramfs: 'image', words: 'bench.overlay' }, // own-initramfs.sh
  readOnly: { title: 'the same, read-only', initramfs: 'image', words: '' },
} as const
export type Contender = keyof typeof CONTENDERS

/** One boot, measured. */
export interface BootSample {
  /** From power-on until the login prompt stands on the console, on the host's clock. */
  readonly loginSeconds: number
  /** From power-on to the kernel's start: firmware, loader, and all that the loader fetches. */
  readonly loaderSeconds: number
  /** From the kernel's start to its start of /init, on the machine's clock: mostly unpacking the initramfs. */
  readonly unpackSeconds: number
  /** From /init to the real system's first line, on the machine's clock. */
  readonly initramfsSeconds: number
  /** From there to the login prompt. */
  readonly systemSeconds: number
  /** All bytes of all packets to and from the machine until its login prompt. */
  readonly wireBytes: number
  /** Bytes that loader scripts, kernel and initramfs are of these, without headers. */
  readonly fetchedBytes: number
  /** The files that the initramfs came in. */
  readonly initramfs: readonly SentFile[]
  /** Units that systemd said to have failed before the prompt. */
  readonly failedUnits: number
  readonly accelerator: 'kvm' | 'tcg'
}

/** A file over HTTP as the boot story tells it. */
export type SentFile = Pick<HttpFile, 'role' | 'path' | 'bytes'>

const LOGIN_MS = 600_000
const INITRAMFS: ReadonlySet<FileRole> = new Set(['tools', 'drivers', 'client', 'initramfs'])

/** Boots the same release on the same virtual machine with the initramfs of one contender, in a lab of its own. */
export async function bootOnce(contender: Contender, image: BenchImage, signal: AbortSignal): Promise<BootSample> {
  await using served = await ServedLab.open({ config: configText(contender, image), store: image.store, signal })
  const machine = await served.lab.powerOn({ name: 'bench', memoryMiB: 1024, cpus: 2, signal })
  const initAt = await secondsUntil(machine, /Run \/init as init process/, signal)
  const loginSeconds = await secondsUntil(machine, / login: /, signal)
  const wireBytes = await packetBytes(served)
  const files = filesSent(served)
  const { initSeconds, systemSeconds } = consoleMarks(machine.console.text)
  return {
    loginSeconds,
    loaderSeconds: initAt - initSeconds,
    unpackSeconds: initSeconds,
    initramfsSeconds: systemSeconds - initSeconds,
    systemSeconds: loginSeconds - (initAt - initSeconds) - systemSeconds,
    wireBytes,
    fetchedBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    initramfs: files.filter(({ role }) => INITRAMFS.has(role)),
    failedUnits: [...machine.console.text.matchAll(/^\[FAILED\] Failed to start/gm)].length,
    accelerator: await acceleratorOf(machine),
  }
}

async function secondsUntil({ console: screen, poweredOnAt }: Machine, text: RegExp, signal: AbortSignal) {
  await screen.waitFor(text, { timeoutMs: LOGIN_MS, signal })
  return (performance.now() - poweredOnAt) / 1000
}

/** All contenders get the same, but for one key and one word. */
function configText(contender: Contender, { info }: BenchImage): string {
  const { initramfs, words } = CONTENDERS[contender]
  return `interface: br0
range: 10.77.0.100-10.77.0.199
profiles:
  bench:
    image: ${BENCH_IMAGE}
    release: ${info.digest}
    initramfs: ${initramfs}
    cmdline: console=tty0 console=ttyS0 ${words}
`
}

/** What went through the one card of the lab's one machine, both ways, headers and all. */
async function packetBytes({ lab }: ServedLab): Promise<number> {
  const { stdout } = await lab.run('ip', ['-stats', '-json', 'link', 'show', 'master', lab.network().bridge])
  const links = JSON.parse(stdout) as readonly { readonly stats64: Record<'rx' | 'tx', { readonly bytes: number }> }[]
  return links.reduce((sum, { stats64 }) => sum + stats64.rx.bytes + stats64.tx.bytes, 0)
}

function filesSent({ events }: ServedLab): SentFile[] {
  const files = events.map(({ event }) => event).filter((event) => event.type === 'http.file')
  return files.map(({ role, path, bytes }) => ({ role, path, bytes }))
}

async function acceleratorOf(machine: Machine): Promise<'kvm' | 'tcg'> {
  const answer = (await machine.qmp.execute('query-kvm')) as { readonly enabled?: boolean }
  return answer.enabled === true ? 'kvm' : 'tcg'
}
