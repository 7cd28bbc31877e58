import assert from 'node:assert/strict'
import { test } from 'node:test'
import { architectureName } from './architectures.ts'
import type { BootEvent } from './events.ts'
import { speakerOf } from './machine.ts'
import { storyOf, totalsOf } from './story.ts'
import { timelineLine, totalsLine } from './timeline.ts'
import { formatBytes, formatSeconds, shortDigests } from './units.ts'

const DIGEST = '3f9ad2'.repeat(10) + 'abcd'
const T = 1_795_000_000_000

const BOOT: readonly BootEvent[] = [
  { type: 'dhcp.discover', at: T, speaker: 'firmware', architecture: 7 },
  { type: 'dhcp.offer', at: T + 4, speaker: 'firmware', address: '10.0.0.7' },
  {
    type: 'dhcp.ack',
    at: T + 1020,
    speaker: 'firmware',
    address: '10.0.0.7',
    leaseSeconds: 43_200,
    bootFile: 'snponly.efi',
  },
  {
    type: 'tftp.file',
    at: T + 1030,
    name: 'snponly.efi',
    outcome: 'aborted',
    bytes: 0,
    durationMs: 1,
    blockSize: 1468,
  },
  {
    type: 'tftp.file',
    at: T + 1200,
    name: 'snponly.efi',
    outcome: 'sent',
    bytes: 183_296,
    durationMs: 160,
    blockSize: 1468,
  },
  {
    type: 'http.file',
    at: T + 4210,
    role: 'kernel',
    path: '/k',
    status: 200,
    outcome: 'sent',
    bytes: 12_478_054,
    durationMs: 60,
  },
  { type: 'report.init', at: T + 9000, uptime: 2.5, kernel: '6.12.57+deb13-amd64', memoryKib: 1_013_760 },
  { type: 'report.root', at: T + 11_000, uptime: 4.5, url: `nfs://10.0.0.1:2049/release/${DIGEST}?vers=3`, took: 0.12 },
  { type: 'report.switch', at: T + 11_100, uptime: 4.6, init: '/sbin/init' },
  { type: 'nfs.traffic', at: T + 31_000, bytes: 61_000_000, calls: 9000 },
  { type: 'report.alive', at: T + 31_000, uptime: 24.5, hostname: 'pc7', state: 'running' },
]

test('storyOf() counts seconds since power-on and since the step before', () => {
  const rows = storyOf(BOOT)
  assert.deepEqual(
    rows.slice(0, 4).map(({ seconds, step }) => [seconds, step]),
    [
      [0, 0],
      [0.004, 0.004],
      [1.02, 1.016],
      [1.03, 0.01],
    ],
  )
})

test('timelineLine() shows a boot in plain columns', () => {
  assert.deepEqual(storyOf(BOOT).map(timelineLine), [
    '    0.00   +0.00  firmware asks for an address (UEFI)',
    '    0.00   +0.00  10.0.0.7 offered',
    '    1.02   +1.02  10.0.0.7 leased for 12 h, loads snponly.efi',
    '    1.03   +0.01  snponly.efi: size asked',
    '    1.20   +0.17  snponly.efi sent                                     179.0 KiB  in 0.16 s',
    '    4.21   +3.01  kernel sent                                           11.9 MiB  in 0.06 s',
    '    9.00   +4.79  Linux 6.12.57+deb13-amd64 runs, 990.0 MiB memory',
    '   11.00   +2.00  root mounted from nfs://10.0.0.1:2049/release/3f9ad23f9ad2…?vers=3            in 0.12 s',
    '   11.10   +0.10  starts /sbin/init',
    '   31.00  +19.90  read over NFS in 9000 calls                           58.2 MiB',
    '   31.00   +0.00  alive as pc7',
  ])
})

test('totalsLine() adds up a boot', () => {
  assert.equal(
    totalsLine(totalsOf(BOOT)),
    'alive after 31 s, 2.10 s in the initramfs, 12.1 MiB of loaders, kernel and initramfs, 58.2 MiB of the root',
  )
  assert.equal(totalsLine(totalsOf([])), '')
})

test('storyOf() has words for what goes wrong', () => {
  const events: readonly BootEvent[] = [
    { type: 'dhcp.unanswered', at: 0, speaker: 'firmware', reason: 'no address is free' },
    { type: 'dhcp.nak', at: 0, speaker: 'system', address: '10.0.0.9', reason: 'it belongs to pc8' },
    { type: 'dhcp.other-server', at: 0, speaker: 'firmware', server: '10.0.0.254' },
    { type: 'tftp.file', at: 0, name: 'x', outcome: 'not-found', bytes: 0, durationMs: 1, blockSize: 512 },
    { type: 'nfs.mount', at: 0, path: `/release/${DIGEST}`, outcome: 'refused', reason: 'no such release' },
    { type: 'server.restarted', at: 0 },
    { type: 'report.cards', at: 0, cards: [], missing: [{ busId: '0000:00:05.0', modalias: 'pci:x' }] },
    { type: 'report.trying', at: 0, what: 'lease', attempt: 2, cause: 'no-lease', text: '' },
    { type: 'report.failed', at: 0, cause: 'no-lease', text: 'no DHCP server answered', log: '' },
    { type: 'report.shutdown', at: 0, kind: 'reboot' },
  ]
  assert.deepEqual(
    storyOf(events).map(({ what, tone }) => `${tone}: ${what}`),
    [
      'bad: no answer to firmware: no address is free',
      'warning: 10.0.0.9 refused: it belongs to pc8',
      'warning: another DHCP server answers: 10.0.0.254',
      'bad: x not found',
      'bad: NFS mount of /release/3f9ad23f9ad2… refused: no such release',
      'warning: the server was started again',
      'bad: cards: none; no driver for 0000:00:05.0',
      'warning: lease failed, tries again (2): no-lease',
      'bad: failed: no DHCP server answered',
      'plain: restarts',
    ],
  )
})

test('speakerOf() tells who speaks DHCP', () => {
  const speaks = (vendorClass: string, userClass = '') => speakerOf({ vendorClass, userClass })
  assert.equal(speaks('PXEClient:Arch:00007:UNDI:003016'), 'firmware')
  assert.equal(speaks('HTTPClient:Arch:00016:UNDI:003001'), 'firmware')
  assert.equal(speaks('PXEClient:Arch:00000:UNDI:002001', 'iPXE'), 'ipxe')
  assert.equal(speaks('PXEClient:Arch:00000:UNDI:002001', '\u0004iPXE'), 'ipxe')
  assert.equal(speaks('netroot'), 'initramfs')
  assert.equal(speaks('netroot-keeper'), 'keeper')
  for (const vendor of ['', 'dhcpcd-9.4.1', 'udhcp 1.35.0', 'd-i', 'PXEClientish'])
    assert.equal(speaks(vendor), 'system')
})

test('architectureName() names what firmware says in option 93', () => {
  assert.deepEqual([0, 7, 9, 11, 16, 9999].map(architectureName), [
    'BIOS',
    'UEFI',
    'UEFI',
    'UEFI ARM64',
    'UEFI, HTTP',
    'architecture 9999',
  ])
})

test('formatBytes() and formatSeconds() are for people', () => {
  assert.deepEqual([0, 1023, 1024, 1_048_575, 12_478_054, 5 * 2 ** 40].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.0 MiB',
    '11.9 MiB',
    '5.0 TiB',
  ])
  assert.deepEqual([0.061, 41.4, 300, 43_200, 259_200].map(formatSeconds), [
    '0.06 s',
    '41 s',
    '5 min',
    '12 h',
    '3 days',
  ])
  assert.equal(shortDigests(`a/${DIGEST}/b`), 'a/3f9ad23f9ad2…/b')
})

test('storyOf() lets no control character of a file name through to a terminal', () => {
  const name = `a\u001b[2Jb\u202Ec\n${'x'.repeat(10_000)}`
  const [row] = storyOf([
    { type: 'tftp.file', at: 0, name, outcome: 'not-found', bytes: 0, durationMs: 1, blockSize: 512 },
  ])
  assert.match(row?.what ?? '', /^a\[2Jbc x{293}$/)
})

test('storyOf() tells what an initramfs came with: slow links, logins, memory, words that nobody understood, logs', () => {
  const at = 1000
  const lease = { type: 'report.lease', at, interface: 'eth0', address: '10.0.0.7' } as const
  const words = storyOf([
    { ...lease, linkSeconds: 31 },
    { ...lease, linkSeconds: 1, sshHostKey: 'SHA256:abc' },
    { type: 'report.words', at, words: ['rd.x=1', 'ip=\x1b[2J'] },
    { type: 'report.switch', at, init: '/sbin/init', initramfsMemoryKib: 20_480, modules: 34 },
    { type: 'boot.log', at, source: 'syslog', bytes: 100 },
    { type: 'boot.menu', at, entries: ['debian', 'local'], timeoutSeconds: 10 },
    { type: 'boot.chosen', at, profile: 'debian' },
    { type: 'boot.local', at, why: 'unknown: local' },
    { type: 'boot.loader', at, loader: 'grub', why: 'Secure Boot' },
    {
      type: 'boot.drivers',
      at,
      scope: 'fitted',
      devices: ['8086:100e'],
      why: 'its card',
      part: 'ab',
      bytes: 1,
      modules: 9,
    },
  ]).map(({ what }) => what)
  assert.deepEqual(words, [
    'eth0 has 10.0.0.7; its link took 31 s (a switch with spanning tree?)',
    'eth0 has 10.0.0.7; ssh root@10.0.0.7 (host key SHA256:abc)',
    'not understood on the kernel command line: rd.x=1 ip=[2J',
    'starts /sbin/init; 20.0 MiB of the initramfs given back, 34 modules loaded',
    'its log came by syslog',
    'menu: debian, local (the first after 10 s)',
    'profile debian chosen',
    'starts from its own disk (unknown: local)',
    'is sent shim and GRUB: Secure Boot',
    'drivers: fitted to 8086:100e, 9 modules (its card)',
  ])
})
