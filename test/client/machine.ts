import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** Shells that run on the machine, or that show that the scripts keep to POSIX. */
export const SHELLS = ['busybox', 'dash'] as const
export type Shell = (typeof SHELLS)[number]

/** A network card as the kernel shows it. */
export interface Card {
  readonly name: string
  readonly mac: string
  /** A link from the start; `true` where it is left out. */
  readonly carrier?: boolean
  /** What a DHCP server answers here, as the variables that udhcpc gives its script. Nobody answers without. */
  readonly lease?: Readonly<Record<string, string>>
}

/** The state of a machine before /init starts. */
export interface MachineState {
  readonly commandLine?: string
  /** What the kernel hands to /init. */
  readonly words?: readonly string[]
  /** Values of /netroot/plan; no plan where it is left out. */
  readonly plan?: Readonly<Record<string, string>>
  readonly cards?: readonly Card[]
  /** Further files of the initramfs and of /sys, by path. */
  readonly files?: Readonly<Record<string, string>>
  /** Files of the real system. A value that begins with `->` is a symbolic link. */
  readonly root?: Readonly<Record<string, string>>
  /** sh functions `on_COMMAND` for what commands lead to, and MOST_KEYS, the failures after which it is switched off. */
  readonly world?: string
}

/** A report as it was posted. */
export interface Report {
  readonly stage: string
  readonly lines: readonly string[]
  readonly text: string
}

/** What a boot did. */
export interface Outcome {
  readonly screen: string
  /** The commands in order, without the machine's directory; words with blanks in quotes. */
  readonly commands: readonly string[]
  readonly reports: readonly Report[]
  readonly urls: readonly string[]
  readonly log: string
  /** What was posted as the whole log, by occasion. */
  readonly logs: Readonly<Record<string, string>>
  /** Text of a file on the machine afterwards, if there is one. */
  readonly file: (path: string) => string | undefined
}

export const PLAN = {
  NETROOT_BOOT: 'k7m2qa',
  NETROOT_SERVER: 'http://10.77.0.1:8080',
  NETROOT_NAME: 'pc7',
  NETROOT_ROOTS: 'nfs://10.77.0.1:2049/release/abab?vers=3',
  NETROOT_WRITES: 'discard',
  NETROOT_RELEASE: 'abab',
  NETROOT_KERNEL: '6.12.1-test',
} as const

export const LEASE = {
  ip: '10.77.0.50',
  mask: '24',
  router: '10.77.0.1',
  dns: '10.77.0.1 10.77.0.2',
  domain: 'lab.example',
  serverid: '10.77.0.1',
  lease: '120',
} as const

export const CARD: Card = { name: 'eth0', mac: '52:54:00:12:34:56', lease: LEASE }

/** A root with what netroot needs of one. */
export const ROOT = {
  '/sbin/init': '->/lib/systemd/systemd',
  '/lib/systemd/systemd': '#!',
  '/lib/modules/6.12.1-test/modules.dep': '',
} as const

const CLIENT = resolve(import.meta.dirname, '../../client')
const PLAYER = join(import.meta.dirname, 'play.sh')

const boots = new Map<string, Outcome>()

/** Runs the real /init on a machine in a directory, unprivileged, and tells what it did. Equal machines boot once. */
export function boot(shell: Shell, state: MachineState): Outcome {
  const key = JSON.stringify([shell, state])
  const known = boots.get(key) ?? bootInDirectory(shell, state)
  boots.set(key, known)
  return known
}

function bootInDirectory(shell: Shell, state: MachineState): Outcome {
  const root = mkdtempSync(join(tmpdir(), 'netroot-machine-'))
  try {
    lay(root, state)
    return outcome(root, runInit(shell, root, state.words))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** The text in single quotes for sh. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function assignments(values: Readonly<Record<string, string>>, prefix = ''): string {
  return Object.entries(values)
    .map(([name, value]) => `${prefix}${name}=${quote(value)}\n`)
    .join('')
}

function lay(root: string, state: MachineState): void {
  for (const directory of [
    'world/posted',
    'world/logs',
    'bin',
    'dev',
    'etc',
    'run',
    'sys/class/net',
    'sysroot',
    'netroot',
  ])
    mkdirSync(join(root, directory), { recursive: true })
  for (const room of ['lib', 'roots', 'handover', 'dhcp', 'system'])
    symlinkSync(join(CLIENT, room), join(root, 'netroot', room))
  const files: Record<string, string> = {
    '/bin/busybox': 'busybox',
    '/proc/cmdline': `${state.commandLine ?? 'quiet'}\n`,
    '/proc/uptime': '1.00 1.00\n',
    '/proc/meminfo': 'MemTotal: 1000000 kB\nMemAvailable: 900000 kB\n',
    '/proc/sys/kernel/osrelease': '6.12.1-test\n',
    '/netroot/drivers': "KERNEL=6.12.1-test\nMODULES_FOR_ROOT='overlay nfs nfsv3'\n",
    ...(state.plan === undefined ? {} : { '/netroot/plan': assignments(state.plan) }),
    ...(state.world === undefined ? {} : { '/world/events': state.world }),
    ...state.files,
  }
  for (const [path, text] of Object.entries(files)) write(join(root, path), text)
  for (const [path, text] of Object.entries(state.root ?? ROOT)) write(join(root, 'sysroot', path), text)
  for (const card of state.cards ?? [CARD]) layCard(root, card)
}

function layCard(root: string, { name, mac, carrier = true, lease }: Card): void {
  const directory = join(root, 'sys/class/net', name)
  write(join(directory, 'address'), `${mac}\n`)
  write(join(directory, 'type'), '1\n')
  write(join(directory, 'carrier'), carrier ? '1\n' : '0\n')
  write(join(directory, 'statistics/rx_packets'), '17\n')
  const device = join(root, 'sys/devices', `pci-${name}`)
  mkdirSync(device, { recursive: true })
  symlinkSync(device, join(directory, 'device'))
  symlinkSync('/sys/bus/pci/drivers/e1000', join(device, 'driver'))
  if (lease !== undefined) write(join(root, 'world', `dhcp.${name}`), assignments(lease, 'export '))
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  if (text.startsWith('->')) symlinkSync(text.slice(2), path)
  else writeFileSync(path, text)
  if (text.startsWith('#!')) chmodSync(path, 0o755)
}

let applets: string | undefined

/** A directory with busybox under the name of each of its applets: what PATH is on the machine. */
export function appletDirectory(): string {
  if (applets !== undefined) return applets
  const directory = mkdtempSync(join(tmpdir(), 'netroot-applets-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  const busybox = process.env['NETROOT_BUSYBOX'] ?? '/bin/busybox'
  spawnSync(busybox, ['--install', '-s', directory])
  for (const dash of ['/bin/dash', '/usr/bin/dash'])
    if (existsSync(dash) && !existsSync(join(directory, 'dash'))) symlinkSync(dash, join(directory, 'dash'))
  applets = directory
  return directory
}

function runInit(shell: Shell, root: string, words: readonly string[] = []): string {
  const bin = appletDirectory()
  const program = join(bin, shell === 'busybox' ? 'sh' : 'dash')
  const script = 'echo $$ >"$ROOT/world/pid"; exec "$SHELL_UNDER_TEST" "$@"'
  const { stdout, error } = spawnSync(program, ['-c', script, 'init', join(CLIENT, 'init'), ...words], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: bin, ROOT: root, MOCK: PLAYER, SHELL_UNDER_TEST: program },
  })
  if (error !== undefined) throw error
  return stdout
}

function outcome(root: string, screen: string): Outcome {
  const file = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined)
  const plain = (text: string | undefined) => (text ?? '').replaceAll(root, '')
  const lines = (path: string) =>
    plain(file(path))
      .split('\n')
      .filter((line) => line !== '')
  const kept = new Map<string, string | undefined>()
  for (const path of listFiles(root)) kept.set(path, file(path))
  return {
    screen: plain(screen),
    commands: lines('/world/commands'),
    urls: lines('/world/urls'),
    reports: readdirSync(join(root, 'world/posted'))
      .sort()
      .map((name) => report(plain(file(`/world/posted/${name}`)))),
    logs: Object.fromEntries(
      readdirSync(join(root, 'world/logs')).map((name) => [name.slice(4), plain(file(`/world/logs/${name}`))]),
    ),
    log: plain(kept.get('/run/netroot/log')),
    file: (path) => kept.get(path),
  }
}

function listFiles(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length))
}

function report(body: string): Report {
  const [head = '', ...text] = body.split('\n\n')
  const [stage = '', ...lines] = head.trimEnd().split('\n')
  return { stage, lines, text: text.join('\n\n') }
}
