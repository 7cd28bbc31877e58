import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diagnose, RULES } from './diagnosis.ts'
import type { BootEvent, FailureCause, FileRole, Outcome } from './events.ts'
import type { Speaker } from './machine.ts'

const at = 0
const discover = (speaker: Speaker): BootEvent => ({ type: 'dhcp.discover', at, speaker })
const offer = (speaker: Speaker): BootEvent => ({ type: 'dhcp.offer', at, speaker, address: '10.0.0.7' })
const ack = (speaker: Speaker, bootFile?: string): BootEvent => ({
  type: 'dhcp.ack',
  at,
  speaker,
  address: '10.0.0.7',
  leaseSeconds: 43_200,
  ...(bootFile === undefined ? {} : { bootFile }),
})
const tftp = (outcome: Outcome, bytes: number, reason?: string): BootEvent => ({
  type: 'tftp.file',
  at,
  name: 'snponly.efi',
  outcome,
  bytes,
  durationMs: 90,
  blockSize: 1468,
  ...(reason === undefined ? {} : { reason }),
})
const http = (role: FileRole, outcome: Outcome = 'sent', status = 200): BootEvent => ({
  type: 'http.file',
  at,
  role,
  path: `/${role}`,
  status,
  outcome,
  bytes: 1000,
  durationMs: 10,
})
const cards = (count: number): BootEvent => ({
  type: 'report.cards',
  at,
  cards: count === 0 ? [] : [{ interface: 'eth0', mac: '52:54:00:00:00:07', driver: 'e1000', busId: '0000:00:03.0' }],
  missing: count > 0 ? [] : [{ busId: '0000:00:05.0', modalias: 'pci:v00001D6Ad0000D107sv0sd0bc02sc00i00' }],
})
const failed = (cause: FailureCause, text = ''): BootEvent => ({ type: 'report.failed', at, cause, text, log: '' })

const DHCP = [discover('firmware'), offer('firmware'), ack('firmware', 'snponly.efi')]
const IPXE = [...DHCP, tftp('sent', 180_000), discover('ipxe'), offer('ipxe'), ack('ipxe', 'http://10.0.0.1/boot.ipxe')]
const OFFERED = [discover('firmware'), offer('firmware'), ack('firmware')]
const KERNEL = [...IPXE, http('script'), http('kernel')]
const PARTS = [...KERNEL, http('tools'), http('drivers'), http('client')]
const INIT: BootEvent[] = [...PARTS, { type: 'report.init', at, kernel: '6.12' }]
const LEASE: BootEvent[] = [...INIT, cards(1), { type: 'report.lease', at, interface: 'eth0', address: '10.0.0.7' }]
const ROOT: BootEvent[] = [
  ...LEASE,
  { type: 'nfs.mount', at, path: '/release/ab', outcome: 'mounted' },
  { type: 'report.root', at, url: 'nfs://x' },
]
const SYSTEM: BootEvent[] = [...ROOT, { type: 'report.switch', at, init: '/sbin/init' }]
const ALIVE: BootEvent[] = [...SYSTEM, { type: 'report.alive', at, state: 'running' }]

interface Case {
  readonly events: readonly BootEvent[]
  /** Seconds since the last event. */
  readonly silence: number
  /** Words of the cause. */
  readonly says: RegExp
}

const FULL: BootEvent = { type: 'keep.full', at, isQuota: false }

/** One boot or more for every rule. */
const CASES: Readonly<Record<string, readonly Case[]>> = {
  full: [
    { events: [...ALIVE, FULL], silence: 1, says: /no room for what it writes.*No space left on device/ },
    { events: [...ALIVE, { type: 'keep.room', at }, { ...FULL, isQuota: true }], silence: 1, says: /no room/ },
  ],
  'no room': [{ events: [...SYSTEM, FULL], silence: 61, says: /was started, and the server has no room/ }],
  'own disk': [
    {
      events: [...IPXE, { type: 'boot.local', at, why: 'unknown: local' }, http('script')],
      silence: 900,
      says: /sent on to its own disk \(unknown: local\)/,
    },
  ],
  menu: [
    {
      events: [...IPXE, { type: 'boot.menu', at, entries: ['debian'], timeoutSeconds: 60 }, http('script')],
      silence: 99,
      says: /shows its menu/,
    },
    {
      events: [...OFFERED, { type: 'boot.menu', at, entries: ['debian'], timeoutSeconds: 60 }],
      silence: 99,
      says: /shows its menu/,
    },
  ],
  'menu not answered': [
    {
      events: [...OFFERED, { type: 'boot.menu', at, entries: ['debian'], timeoutSeconds: 10 }],
      silence: 60,
      says: /sent a menu, and did not say what was taken/,
    },
  ],
  ended: [
    {
      events: [...ALIVE, { type: 'report.shutdown', at, kind: 'poweroff' }],
      silence: 900,
      says: /switched off as it should/,
    },
    {
      events: [...ALIVE, { type: 'report.shutdown', at, kind: 'reboot' }],
      silence: 900,
      says: /restarted as it should/,
    },
  ],
  degraded: [
    {
      events: [...SYSTEM, { type: 'report.alive', at, state: 'degraded' }],
      silence: 1,
      says: /some of its services failed/,
    },
  ],
  alive: [{ events: ALIVE, silence: 90_000, says: /nothing is wrong/ }],
  'reported failure': [
    {
      events: [...INIT, cards(0), failed('no-driver', 'no driver for 1 card')],
      silence: 1,
      says: /no driver \(it says: no driver for 1 card\): 0000:00:05\.0 \(PCI 1d6a:d107\)$/,
    },
    { events: [...INIT, failed('other')], silence: 1, says: /says that its boot failed/ },
  ],
  'tries again': [
    {
      events: [
        ...LEASE,
        { type: 'report.trying', at, what: 'root', attempt: 3, cause: 'server-gone', text: 'no answer' },
      ],
      silence: 1,
      says: /server of the root does not answer \(it says: no answer\)/,
    },
  ],
  'server was away': [
    { events: [...SYSTEM, { type: 'server.restarted', at }], silence: 130, says: /server was started again/ },
  ],
  'system reconfigures its card': [
    { events: [...SYSTEM, discover('system')], silence: 70, says: /took the card down/ },
  ],
  'never alive': [
    { events: [...SYSTEM, discover('keeper')], silence: 301, says: /never reported itself alive/ },
    { events: [discover('system'), ...SYSTEM], silence: 301, says: /never reported itself alive/ },
    { events: SYSTEM, silence: 301, says: /never reported itself alive/ },
  ],
  'no switch': [{ events: ROOT, silence: 61, says: /real system was not started/ }],
  'mount refused': [
    {
      events: [...LEASE, { type: 'nfs.mount', at, path: '/release/ab', outcome: 'refused', reason: 'no such release' }],
      silence: 1,
      says: /refused the root file system: no such release/,
    },
  ],
  'root not mounted': [
    { events: LEASE, silence: 61, says: /never asked for its root/ },
    {
      events: [...LEASE, { type: 'nfs.mount', at, path: '/x', outcome: 'mounted' }],
      silence: 61,
      says: /did not get on with it/,
    },
  ],
  'no card with a driver': [{ events: [...INIT, cards(0)], silence: 1, says: /no driver took a network card/ }],
  'no lease in the initramfs': [{ events: [...INIT, cards(1)], silence: 61, says: /did not get as far as an address/ }],
  'initramfs incomplete': [{ events: [...KERNEL, http('tools')], silence: 61, says: /not: drivers, client$/ }],
  'kernel silent': [
    { events: PARTS, silence: 61, says: /stopped in the kernel, or has no network/ },
    { events: [...KERNEL, http('initramfs')], silence: 61, says: /kernel and initramfs were sent whole/ },
  ],
  unanswered: [
    {
      events: [
        discover('firmware'),
        { type: 'dhcp.unanswered', at, speaker: 'firmware', reason: 'no address is free' },
      ],
      silence: 1,
      says: /no address is free/,
    },
  ],
  'file failed': [
    { events: [...DHCP, tftp('not-found', 0)], silence: 1, says: /snponly\.efi is not on the server \(TFTP\)/ },
    {
      events: [...DHCP, tftp('aborted', 9000, 'out of memory')],
      silence: 1,
      says: /broken off by the machine \(TFTP: out of memory\)/,
    },
    { events: [...DHCP, tftp('aborted', 0)], silence: 16, says: /broken off/ },
    { events: [...DHCP, tftp('timed-out', 9000)], silence: 1, says: /stopped confirming/ },
    {
      events: [...IPXE, http('script'), http('kernel', 'not-found', 404)],
      silence: 1,
      says: /\/kernel is not on the server \(HTTP status 404\)/,
    },
  ],
  'another DHCP server': [
    {
      events: [...DHCP.slice(0, 2), { type: 'dhcp.other-server', at, speaker: 'firmware', server: '10.0.0.254' }],
      silence: 16,
      says: /another DHCP server, 10\.0\.0\.254/,
    },
  ],
  'address refused': [
    {
      events: [{ type: 'dhcp.nak', at, speaker: 'firmware', address: '10.9.9.9', reason: 'outside the network' }],
      silence: 16,
      says: /outside the network/,
    },
  ],
  'offer not taken': [{ events: DHCP.slice(0, 2), silence: 16, says: /firmware never requested it/ }],
  'no boot file': [{ events: [...DHCP.slice(0, 2), ack('firmware')], silence: 16, says: /told no boot file/ }],
  'no script asked for': [
    { events: IPXE, silence: 16, says: /iPXE was told to load http:\/\/10\.0\.0\.1\/boot\.ipxe/ },
  ],
  'no file asked for': [
    { events: [...DHCP, { type: 'server.restarted', at }], silence: 20, says: /never asked/ },
    { events: DHCP, silence: 16, says: /firmware was told to load snponly\.efi and never asked/ },
  ],
  'loader silent': [
    { events: [...DHCP, tftp('sent', 180_000)], silence: 41, says: /snponly\.efi was sent whole and never spoke/ },
  ],
  'nothing to boot': [
    {
      events: [...IPXE, http('script'), { type: 'boot.refused', at, why: 'no image "debian"' }],
      silence: 1,
      says: /got nothing: no image "debian"/,
    },
  ],
  'kernel not asked for': [
    { events: [...IPXE, http('script')], silence: 41, says: /never asked for the kernel/ },
    {
      events: [...IPXE, { type: 'boot.menu', at, entries: ['debian'], timeoutSeconds: 10 }, http('script')],
      silence: 51,
      says: /never asked for the kernel/,
    },
  ],
}

for (const [rule, cases] of Object.entries(CASES)) {
  test(`diagnose() finds: ${rule}`, () => {
    for (const { events, silence, says } of cases) {
      const found = diagnose(events, silence * 1000)
      assert.equal(found.rule, rule)
      assert.match(found.cause, says)
      const isFine = ['ended', 'going-on'].includes(found.verdict) || found.rule === 'alive'
      assert.equal(found.next.length > 0, !isFine, 'what is wrong comes with what to do')
    }
  })
}

test('every rule of the diagnosis has its test', () => {
  assert.deepEqual(RULES.map(({ name }) => name).sort(), Object.keys(CASES).sort())
})

test('diagnose() says of every stage of a good boot that it is going on', () => {
  for (let count = 1; count <= SYSTEM.length; count += 1) {
    const found = diagnose(SYSTEM.slice(0, count), 5000)
    assert.equal(found.verdict, 'going-on', `after ${SYSTEM[count - 1]?.type}: ${found.rule}`)
  }
})

test('diagnose() says where the boot stopped and how long ago', () => {
  const events = DHCP.map((event, index) => ({ ...event, at: index * 100 }))
  assert.equal(
    diagnose(events, 20_200).stopped,
    'last: 10.0.0.7 leased for 12 h, loads snponly.efi (0.20 s after power-on, 20 s ago)',
  )
  assert.equal(diagnose([], 0).stopped, 'nothing was heard of the machine')
})

test('diagnose() adds what the server knows of a root that it refused', () => {
  const reason = `there is no export "/nope"; exported is /release/${'ab'.repeat(32)}`
  const refused: BootEvent = { type: 'nfs.mount', at, path: '/nope', outcome: 'refused', reason }
  const { cause } = diagnose([...INIT, refused, failed('root-refused')], 0)
  assert.match(cause, /; the server says: there is no export "\/nope"; exported is \/release\/abababababab…$/)
})

test('diagnose() says why a machine cannot have its own directory, and forgets a disk that has room again', () => {
  const why = '/var/lib/netroot/keep/52-54-00-00-00-07 is in use by process 17: stop it first'
  const { cause } = diagnose([...INIT, { type: 'keep.refused', at, why }, failed('root-refused')], 0)
  assert.match(cause, /; the server says: .* is in use by process 17: stop it first$/)
  assert.equal(diagnose([...ALIVE, FULL, { type: 'keep.room', at }], 0).rule, 'alive')
})

test('diagnose() knows a remedy for every cause that a machine reports', () => {
  const events = (cause: FailureCause): BootEvent[] => [...INIT, failed(cause)]
  for (const cause of [
    'no-carrier',
    'no-lease',
    'no-route',
    'root-refused',
    'bad-option',
    'no-init',
    'no-memory',
    'no-plan',
  ] as const) {
    assert.ok(diagnose(events(cause), 0).next.length > 0)
  }
})
