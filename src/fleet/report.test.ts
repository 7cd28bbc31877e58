import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseReport } from './report.ts'
import { MAX_REPORT_BYTES, ReportError } from './report-lines.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const read = (text: string) => parseReport(bytes(text), 1000)[0]

test('parseReport() reads that our init runs', () => {
  assert.deepEqual(read('init\nuptime 2.31\nkernel 6.12.57+deb13-amd64\nmemory 1013760\n'), {
    type: 'report.init',
    at: 1000,
    uptime: 2.31,
    kernel: '6.12.57+deb13-amd64',
    memoryKib: 1_013_760,
  })
})

test('parseReport() reads cards, and devices that no driver took', () => {
  const body = `cards
uptime 3.00
card eth0 52:54:00:12:34:56 e1000 0000:00:03.0
card eth1 52:54:00:12:34:57 virtio_net virtio0
missing 0000:00:05.0 pci:v00001D6Ad0000D107sv0sd0bc02sc00i00
`
  assert.deepEqual(read(body), {
    type: 'report.cards',
    at: 1000,
    uptime: 3,
    cards: [
      { interface: 'eth0', mac: '52:54:00:12:34:56', driver: 'e1000', busId: '0000:00:03.0' },
      { interface: 'eth1', mac: '52:54:00:12:34:57', driver: 'virtio_net', busId: 'virtio0' },
    ],
    missing: [{ busId: '0000:00:05.0', modalias: 'pci:v00001D6Ad0000D107sv0sd0bc02sc00i00' }],
  })
})

test('parseReport() reads what the buses say of a card, and of what it hangs on', () => {
  const body =
    'cards\ncard eth0 52:54:00:12:34:56 virtio_net virtio0 virtio:d00000001v00001AF4 pci:v00001AF4d00001000sv\n'
  const event = read(body)
  assert.deepEqual(event.type === 'report.cards' && event.cards[0]?.modaliases, [
    'virtio:d00000001v00001AF4',
    'pci:v00001AF4d00001000sv',
  ])
})

test('parseReport() reads which words of the command line were not understood, as an event of its own', () => {
  const [stage, ...more] = parseReport(bytes('init\nuptime 2.31\nunknown-word rd.foo=1\nunknown-word ip=bar\n'), 1000)
  assert.equal(stage.type, 'report.init')
  assert.deepEqual(more, [{ type: 'report.words', at: 1000, uptime: 2.31, words: ['rd.foo=1', 'ip=bar'] }])
})

test('parseReport() reads lease, root, hand-over and switch', () => {
  assert.deepEqual(read('lease\ninterface eth0\naddress 10.0.0.7/24\nrouter\nserver 10.0.0.1\nseconds 43200\n'), {
    type: 'report.lease',
    at: 1000,
    interface: 'eth0',
    address: '10.0.0.7',
    server: '10.0.0.1',
    leaseSeconds: 43_200,
  })
  assert.deepEqual(read('root\nurl nfs://x\nrefused NFS 4.2, 4.1\n'), {
    type: 'report.root',
    at: 1000,
    url: 'nfs://x',
    refused: 'NFS 4.2, 4.1',
  })
  assert.deepEqual(read('root\nurl nfs://10.0.0.1:2049/release/ab?vers=3\ntook 0.12\n'), {
    type: 'report.root',
    at: 1000,
    url: 'nfs://10.0.0.1:2049/release/ab?vers=3',
    took: 0.12,
  })
  assert.deepEqual(read('handover\nmanager systemd-networkd\nmanager ifupdown\n'), {
    type: 'report.handover',
    at: 1000,
    managers: ['systemd-networkd', 'ifupdown'],
  })
  assert.deepEqual(read('switch\ninit /usr/lib/systemd/systemd\ninitramfs-memory 20480\nmodules 34\n'), {
    type: 'report.switch',
    at: 1000,
    init: '/usr/lib/systemd/systemd',
    initramfsMemoryKib: 20_480,
    modules: 34,
  })
})

test('parseReport() reads how a machine ends', () => {
  assert.deepEqual(read('alive\nuptime 21.5\nhostname pc7\nstate degraded\n'), {
    type: 'report.alive',
    at: 1000,
    uptime: 21.5,
    hostname: 'pc7',
    state: 'degraded',
  })
  assert.deepEqual(read('shutdown\nkind poweroff\n'), { type: 'report.shutdown', at: 1000, kind: 'poweroff' })
})

test('parseReport() reads a failure with the last lines of the log', () => {
  const body = 'failed\nuptime 31.0\ncause root-refused\ntext the server refused the export\n\nline 1\nline 2\n'
  assert.deepEqual(read(body), {
    type: 'report.failed',
    at: 1000,
    uptime: 31,
    cause: 'root-refused',
    text: 'the server refused the export',
    log: 'line 1\nline 2',
  })
  assert.deepEqual(read('trying\nwhat lease\nattempt 3\ncause no-lease\ntext no answer on eth0\n'), {
    type: 'report.trying',
    at: 1000,
    what: 'lease',
    attempt: 3,
    cause: 'no-lease',
    text: 'no answer on eth0',
  })
})

test('parseReport() takes causes and fields that a newer initramfs may send', () => {
  const event = read('failed\ncause flying-saucer\nplanet mars\ntext gone\n')
  assert(event.type === 'report.failed')
  assert.equal(event.cause, 'other')
})

test('parseReport() lets no control character through to a terminal', () => {
  const event = read('failed\ncause no-card\ntext a\u001b[2Jb\u009bc\u202Ed\n\nlog\u0007\tend\r\nnext')
  assert(event.type === 'report.failed')
  assert.equal(event.text, 'a[2Jbcd')
  assert.equal(event.log, 'log end\nnext')
})

test('parseReport() says what is wrong with a report', () => {
  const cases: [string, RegExp][] = [
    ['', /stage "", want one word/],
    ['GET / HTTP/1.1', /stage "GET \/ HTTP\/1.1", want one word/],
    ['init\nkernel \0\n', /it has NUL bytes, want text/],
    ['fly\n', /stage fly, want one of init, cards/],
    ['init\nuptime soon\n', /uptime is "soon", want a number/],
    ['init\nUPTIME=1\n', /line "UPTIME=1", want a name and a value/],
    ['lease\ninterface eth0\naddress here\n', /address is "here", want an IPv4 or IPv6 address/],
    ['lease\ninterface eth0\n', /lease has no address/],
    ['cards\ncard eth0 nothing\n', /card with MAC "nothing"/],
    ['shutdown\nkind sleep\n', /kind is "sleep", want poweroff or reboot/],
    [`cards\n${'missing a b\n'.repeat(300)}`, /300 fields|301 fields/],
    ['x'.repeat(MAX_REPORT_BYTES + 1), /want at most 32768/],
  ]
  for (const [body, words] of cases)
    assert.throws(
      () => read(body),
      (error) => error instanceof ReportError && words.test(error.message),
    )
})

test('parseReport() answers any bytes with an event or a ReportError', () => {
  const stage = fc.constantFrom('init', 'cards', 'lease', 'root', 'switch', 'alive', 'failed', 'trying', '')
  fc.assert(
    fc.property(stage, fc.uint8Array({ maxLength: 300 }), (word, rest) => {
      try {
        assert.equal(parseReport(new Uint8Array([...bytes(word), 10, ...rest]), 5)[0].at, 5)
      } catch (error) {
        assert(error instanceof ReportError)
      }
    }),
  )
})
