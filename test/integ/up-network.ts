import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseConfig } from '../../src/config/load.ts'
import { elfModule } from '../../src/formats/kmod/testing.ts'
import { importStream } from '../../src/image/import.ts'
import { specimenTar } from '../../src/image/specimen.ts'
import { ReleaseStore } from '../../src/image/store.ts'
import { makeLabDirectory } from '../../src/lab/directory.ts'
import type { LabProcess } from '../../src/lab/lab-process.ts'
import { Namespace, type RunResult } from '../../src/lab/namespace.ts'
import { prepareStore } from '../../src/server/prepare.ts'
import { TEST_CACHE } from '../support/debian.ts'
import { NETROOT } from '../support/netroot.ts'

/** The server's side: a bridge with this address, to which every machine is plugged. */
export const SERVER = '10.7.0.1'
/** The name of the one card that each machine has. */
export const CARD = 'eth0'
/** The kernel of the made-up release that has modules. */
export const KERNEL = '6.1.0-10-amd64'
export const NAMED = { name: 'pc7', mac: '52:54:00:00:00:07', address: '10.7.0.7' } as const

export const CONFIG = `interface: br0
range: 10.7.0.100-10.7.0.150
router: ${SERVER}
profiles:
  specimen:
    image: specimen
    cmdline: quiet
    hostname: pc-{mac}
clients:
  ${NAMED.name}:
    mac: ${NAMED.mac}
    address: ${NAMED.address}
`

const STEP = fileURLToPath(new URL('up-dhcp-step.ts', import.meta.url))

let prepared: Promise<PreparedStore> | undefined

export interface PreparedStore {
  readonly directory: string
  readonly digest: string
}

/**
 * A store whose image `specimen` is a few kilobytes, with all that is made of it: `netroot up` needs no network then.
 * It is kept between runs; the first one ever fetches two packages from Debian's archive.
 */
export function preparedStore(): Promise<PreparedStore> {
  return (prepared ??= prepareSpecimen(join(TEST_CACHE, 'specimen')))
}

async function prepareSpecimen(directory: string): Promise<PreparedStore> {
  const digest = await importSpecimen(directory)
  await prepareStore(parseConfig(CONFIG, 'netroot.yaml').config, directory)
  return { directory, digest }
}

/** The made-up release, whose modules are ELF files; with further files it is another one. */
export function specimenArchive(files: Readonly<Record<string, string>> = {}): Buffer {
  const module = Buffer.from(elfModule({})).toString('latin1')
  const at = `./usr/lib/modules/${KERNEL}/kernel`
  return specimenTar({ [`${at}/a.ko`]: module, [`${at}/b.ko`]: module, ...files })
}

/** Imports the made-up release. */
export async function importSpecimen(directory: string): Promise<string> {
  const bytes = (async function* () {
    yield specimenArchive()
  })()
  const store = await ReleaseStore.open(directory)
  const { info } = await importStream(store, 'specimen', { bytes, name: 'a specimen' })
  return info.digest
}

/** How `netroot up` is started, where it is not as usual. */
export interface UpOptions {
  readonly config?: string
  readonly store?: string
  readonly state?: string
  /** Stands before the command: `setpriv …`. */
  readonly prefix?: readonly string[]
  readonly args?: readonly string[]
}

/** A private network: the host on a bridge, and machines that are network namespaces. All of it dies with the test. */
export class UpNetwork implements AsyncDisposable {
  readonly directory: string
  readonly #host: Namespace

  static async make(t: TestContext): Promise<UpNetwork> {
    const directory = await makeLabDirectory()
    const network = new UpNetwork(directory, await Namespace.make(directory))
    t.after(() => network[Symbol.asyncDispose]())
    await network.run('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
    for (const args of [
      ['link', 'add', 'br0', 'type', 'bridge'],
      ['addr', 'add', `${SERVER}/24`, 'dev', 'br0'],
      ['link', 'set', 'br0', 'up'],
    ]) {
      await network.run('ip', args)
    }
    await mkdir(network.state)
    return network
  }

  private constructor(directory: string, host: Namespace) {
    this.directory = directory
    this.#host = host
  }

  get configFile(): string {
    return join(this.directory, 'netroot.yaml')
  }
  /** The usual state directory. */
  get state(): string {
    return join(this.directory, 'state')
  }

  /** Plugs a machine in. */
  async machine(name: string, mac: string, bridge = 'br0'): Promise<Machine> {
    await this.run('ip', ['netns', 'add', name])
    await this.run('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', CARD, 'netns', name])
    await this.run('ip', ['link', 'set', name, 'master', bridge, 'up'])
    await this.run('ip', ['-n', name, 'link', 'set', CARD, 'address', mac])
    await this.run('ip', ['-n', name, 'link', 'set', CARD, 'up'])
    return new Machine(name, mac, this)
  }

  /** Starts `netroot up --json` and waits until it serves. */
  async up(options: UpOptions = {}): Promise<LabProcess> {
    const server = await this.spawnUp({ ...options, args: ['--json', ...(options.args ?? [])] })
    await server.stdout.waitFor(/^\{"listening".*\n/m, { timeoutMs: 30_000 })
    return server
  }
  /** Runs `netroot up`, which is to fail, to its end. */
  async upFails(options: UpOptions = {}): Promise<RunResult> {
    return ended(await this.spawnUp({ ...options, args: options.args ?? [] }))
  }
  async spawnUp({
    config = CONFIG,
    store,
    state = this.state,
    prefix = [],
    args = [],
  }: UpOptions): Promise<LabProcess> {
    await writeFile(this.configFile, config)
    const { directory } = await preparedStore()
    const places = ['--config', this.configFile, '--store', store ?? directory, '--state', state]
    const [command = NETROOT, ...rest] = [...prefix, NETROOT, 'up', ...places, ...args]
    return this.#host.spawn(command, rest)
  }

  /** Runs a program on the host to its end, with status 0. */
  run(command: string, args: readonly string[]): Promise<RunResult> {
    return this.#host.run(command, args)
  }
  /** Runs `netroot` on the host to its end, whatever its status. */
  netroot(args: readonly string[], cwd = this.directory): Promise<RunResult> {
    return ended(this.#host.spawn(NETROOT, args, { cwd, signal: AbortSignal.timeout(30_000) }))
  }
  spawn(command: string, args: readonly string[]): LabProcess {
    return this.#host.spawn(command, args)
  }
  /** What listens in this network: `udp 10.7.0.1:69`. */
  async listening(): Promise<string[]> {
    const { stdout } = await this.run('ss', ['-H', '-l', '-n', '-u', '-t'])
    const lines = stdout.split('\n').filter((line) => line !== '')
    return lines.map((line) => line.split(/\s+/)).map(([kind, , , , local]) => `${kind} ${local}`)
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.#host.close()
  }
}

async function ended(child: LabProcess): Promise<RunResult> {
  const { status = -1 } = await child.exited
  return { status, stdout: child.stdout.text, stderr: child.stderr.text }
}

/** What a step of DHCP brought. */
export interface DhcpReply {
  readonly type: string
  readonly address: string
  readonly bootFile: string
  readonly hostName?: string
  readonly server?: string
}

/** One machine of the network. */
export class Machine {
  readonly mac: string
  readonly #name: string
  readonly #network: UpNetwork

  constructor(name: string, mac: string, network: UpNetwork) {
    this.#name = name
    this.mac = mac
    this.#network = network
  }

  run(command: string, args: readonly string[]): Promise<RunResult> {
    return this.#network.run('ip', ['netns', 'exec', this.#name, command, ...args])
  }
  spawn(command: string, args: readonly string[]): LabProcess {
    return this.#network.spawn('ip', ['netns', 'exec', this.#name, command, ...args])
  }

  /** One message of iPXE's DHCP, and what it was answered; undefined if nothing came within a second. */
  async dhcp(type: 'discover' | 'request', address = ''): Promise<DhcpReply | undefined> {
    const node = ['--disable-warning=ExperimentalWarning', STEP]
    const { stdout } = await this.run(process.execPath, [...node, CARD, this.mac, type, address, SERVER])
    return stdout === '' ? undefined : (JSON.parse(stdout) as DhcpReply)
  }
  /** Gives the card the address that DHCP told. */
  async takeAddress(address: string): Promise<void> {
    await this.run('ip', ['addr', 'replace', `${address}/24`, 'dev', CARD])
  }
  /** The address that our initramfs gets from busybox udhcpc. */
  async udhcpc(): Promise<string> {
    const args = ['-i', CARD, '-f', '-q', '-n', '-t', '5', '-T', '1', '-V', 'netroot', '-s', '/bin/true']
    const { stderr } = await this.run('busybox', ['udhcpc', ...args])
    return /lease of (\S+) obtained/.exec(stderr)?.[1] ?? stderr
  }
  /** A file over HTTP, or whatever the URL says; anything but success throws. */
  async get(path: string): Promise<Buffer> {
    const url = path.includes('://') ? path : `http://${SERVER}${path}`
    const { stdout } = await this.run('sh', ['-c', 'curl -sSf --path-as-is "$0" | base64 -w0', url])
    return Buffer.from(stdout, 'base64')
  }
  /** The status of any request. */
  async status(args: readonly string[]): Promise<number> {
    const { stdout } = await this.run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', ...args])
    return Number(stdout)
  }
  /** Reports a stage, as the initramfs does. */
  async report(boot: string, body: string): Promise<number> {
    return this.status(['--data-binary', body, `http://${SERVER}/report/${boot}`])
  }
  /** A file of a release over NFS. */
  async nfsCat(digest: string, path: string): Promise<string> {
    const url = `nfs://${SERVER}/release/${digest}/${path}?nfsport=2049&mountport=2049&version=3&uid=0&gid=0`
    return (await this.run('nfs-cat', [url])).stdout
  }
}
