import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseConfig } from '../../src/config/load.ts'
import { databasePath } from '../../src/config/paths.ts'
import { Boots } from '../../src/fleet/boots.ts'
import type { BootEvent } from '../../src/fleet/events.ts'
import { importPath } from '../../src/image/import.ts'
import { SPECIMEN_KERNEL, specimenTar } from '../../src/image/specimen.ts'
import { ReleaseStore } from '../../src/image/store.ts'
import { kernelFiles, VERSION } from '../../src/initramfs/testing.ts'
import { makeLabDirectory } from '../../src/lab/directory.ts'
import type { LabProcess } from '../../src/lab/lab-process.ts'
import { Namespace } from '../../src/lab/namespace.ts'
import { prepareStore } from '../../src/server/prepare.ts'
import { TEST_CACHE } from './debian.ts'
import { NETROOT } from './netroot.ts'

/** The machine that the pages speak of; its last boot failed. */
const PC7 = '52:54:00:12:34:56'

/** What takes minutes or another machine, played: both hand out the specimen root as a tar archive. */
const PLAYED = { mmdebstrap: 'exec cat "$SPECIMEN"', ssh: 'exec cat "$SPECIMEN"' } as const

/** The other end is the switch that eth1 is plugged to. */
const CARD = [
  'link add eth1 type veth peer name switch',
  'addr add 192.168.50.1/24 dev eth1',
  'link set eth1 up',
  'link set switch up',
] as const

const CONFIG = `
interface: eth1
range: 192.168.50.100-192.168.50.199
profiles: { debian: { image: debian } }
`

/**
 * A host as the pages take it for granted: netroot in PATH, a card eth1 with 192.168.50.1/24, an image `debian`, and a
 * machine pc7 that did not boot. In namespaces of its own; /srv, /run and /var/lib are empty there.
 */
export class DocNetwork implements AsyncDisposable {
  /** Where the commands are typed. */
  readonly home: string
  readonly #namespace: Namespace
  readonly #environment: Readonly<Record<string, string>>
  readonly #staying: LabProcess[] = []

  static async make(): Promise<DocNetwork> {
    const directory = await makeLabDirectory()
    const home = join(directory, 'home')
    await mkdir(home)
    const specimen = join(directory, 'specimen.tar')
    await writeFile(specimen, specimenRoot())
    const state = await makeState(directory, specimen)
    await using making = new AsyncDisposableStack()
    const namespace = making.use(await Namespace.make(directory))
    for (const folder of ['/srv', '/run', '/var/lib'])
      await namespace.run('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', folder])
    for (const command of CARD) await namespace.run('ip', command.split(' '))
    const played = await playedPrograms(directory)
    const path = [played, dirname(NETROOT), process.env['PATH'] ?? ''].join(delimiter)
    making.move()
    return new DocNetwork(home, namespace, { PATH: path, HOME: home, NETROOT_STATE: state, SPECIMEN: specimen })
  }

  private constructor(home: string, namespace: Namespace, environment: Readonly<Record<string, string>>) {
    this.home = home
    this.#namespace = namespace
    this.#environment = environment
  }

  /** Types a command that ends. */
  async type(script: string): Promise<{ readonly status: number; readonly output: string }> {
    const process = this.#spawn(script)
    const { status = -1 } = await process.exited
    return { status, output: process.stdout.text + process.stderr.text }
  }

  /** Types a command that stays, and waits until it says that it is ready. It goes on until `stopStaying()`. */
  async typeStaying(command: string): Promise<{ readonly status: number; readonly output: string }> {
    const process = this.#spawn(`exec ${command}`)
    const ready = command.includes('--follow')
      ? sleep(2000, undefined, { ref: false }) // nothing may happen that it could show
      : process.stdout.waitFor(/^(?:listening on|netroot serves) /m, { timeoutMs: 60_000 })
    const ended = await Promise.race([process.exited, ready.then(() => undefined)])
    if (ended === undefined) this.#staying.push(process)
    return { status: ended === undefined ? 0 : (ended.status ?? -1), output: process.stdout.text + process.stderr.text }
  }

  /** Ctrl-C for everything that stays. @returns what did not end with status 0 */
  async stopStaying(): Promise<string[]> {
    const failures: string[] = []
    for (const process of this.#staying.splice(0).reverse()) {
      const { status, signal } = await process.stop(10_000)
      if (status !== 0) failures.push(`${process.command.join(' ')} ended with ${signal ?? `status ${status}`}`)
    }
    return failures
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#namespace.close()
  }

  #spawn(script: string): LabProcess {
    return this.#namespace.spawn('sh', ['-euc', script], { cwd: this.home, env: this.#environment })
  }
}

/** A root with a kernel of a few modules, complete enough to be served. */
function specimenRoot(): Uint8Array {
  const modules = Object.entries(kernelFiles()).map(([path, content]) => [
    `./${path}`,
    typeof content === 'string' ? content : Buffer.from(content).toString('latin1'),
  ])
  return specimenTar({ ...Object.fromEntries(modules), [`./boot/vmlinuz-${VERSION}`]: SPECIMEN_KERNEL })
}

/** The state directory: the image, and what netroot fetches of Debian, which tests keep between runs. */
async function makeState(directory: string, specimen: string): Promise<string> {
  const state = join(directory, 'state')
  await mkdir(join(state, 'cache'), { recursive: true })
  for (const kept of ['debian', 'loaders']) {
    const shared = join(TEST_CACHE, 'store', 'cache', kept)
    await mkdir(shared, { recursive: true })
    await symlink(shared, join(state, 'cache', kept))
  }
  await importPath(await ReleaseStore.open(state), 'debian', specimen)
  await prepareStore(parseConfig(CONFIG, 'netroot.yaml').config, state) // inside there is no way to Debian's archive
  tellOfPc7(state)
  return state
}

function tellOfPc7(state: string): void {
  const database = new DatabaseSync(databasePath(state))
  const boots = new Boots(database)
  const at = Date.now() - 600_000
  const { id } = boots.begin({ mac: PC7, architecture: 7 }, at, 'pc7')
  const cards = [{ busId: '0000:03:00.0', modalias: 'pci:v00001D6Ad0000D107sv00001D6Asd00000001bc02sc00i00' }]
  const story: readonly BootEvent[] = [
    { type: 'dhcp.discover', at, speaker: 'firmware', architecture: 7 },
    { type: 'report.init', at: at + 9000, uptime: 2 },
    { type: 'report.cards', at: at + 9500, uptime: 2.5, cards: [], missing: cards },
    { type: 'report.failed', at: at + 9900, uptime: 3, cause: 'no-driver', text: 'no driver for it', log: '' },
  ]
  for (const event of story) boots.record(id, event)
  database.close()
}

async function playedPrograms(directory: string): Promise<string> {
  const bin = join(directory, 'bin')
  await mkdir(bin)
  for (const [name, text] of Object.entries(PLAYED)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`)
    await chmod(join(bin, name), 0o755)
  }
  return bin
}
