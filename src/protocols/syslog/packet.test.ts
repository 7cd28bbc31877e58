import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WireError } from '../../wire/error.ts'
import { decodeSyslog } from './packet.ts'

const decode = (text: string) => decodeSyslog(new TextEncoder().encode(text))

test('decodeSyslog() reads the example of RFC 3164 §5.4', () => {
  assert.deepEqual(decode("<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8"), {
    facility: 4,
    severity: 2,
    host: 'mymachine',
    program: 'su',
    text: "'su root' failed for lonvick on /dev/pts/8",
  })
})

test('decodeSyslog() reads what busybox sends, which names no host, and a process id', () => {
  assert.deepEqual(decode('<27>Nov  1 08:15:42 netroot[k7m2qa]: no lease'), {
    facility: 3,
    severity: 3,
    host: '',
    program: 'netroot',
    text: 'no lease',
  })
})

test('decodeSyslog() reads the examples of RFC 5424 §6.5', () => {
  assert.deepEqual(decode("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \uFEFF'su root' failed"), {
    facility: 4,
    severity: 2,
    host: 'mymachine.example.com',
    program: 'su',
    text: "'su root' failed",
  })
  const data = '[exampleSDID@32473 iut="3" eventSource="Appli\\]cation \\"x\\""][examplePriority@32473 class="high"]'
  assert.deepEqual(decode(`<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - ${data} it\u2019s time`), {
    facility: 20,
    severity: 5,
    host: '192.0.2.1',
    program: 'myproc',
    text: 'it\u2019s time',
  })
  assert.equal(decode('<0>1 - - - - - -').text, '')
})

test('decodeSyslog() takes for text what it cannot take apart, as a relay does (RFC 3164 §4.3.3)', () => {
  const plain = { facility: 1, severity: 5, host: '', program: '' }
  for (const text of ['hello', '<192>hello', '<007>hello', '<1234>x', '<', '<>', '<a>b']) {
    assert.deepEqual(decode(text), { ...plain, text })
  }
  assert.deepEqual(decode('<6>[    0.000000] Linux version 6.12'), {
    facility: 0,
    severity: 6,
    host: '',
    program: '',
    text: '[    0.000000] Linux version 6.12',
  })
})

test('decodeSyslog() leaves out line ends and the rest of what is too long', () => {
  assert.equal(decode('<6>a b\r\n\0').text, 'a b')
  assert.equal(decode(`<6>${'x'.repeat(60_000)}`).text.length, 8192 - 3)
})

test('decodeSyslog() refuses nothing but an empty datagram', () => {
  assert.throws(() => decodeSyslog(new Uint8Array()), WireError)
})

/** Numbers from 0 up to 2³², the same in every run (xorshift). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

test('decodeSyslog() takes 100 000 datagrams of anything, in time that grows with their length alone', () => {
  const next = numbers(20_261_121)
  const pieces = [
    '<34>',
    '<165>1 ',
    '-',
    ' ',
    '[',
    ']',
    '"',
    '\\',
    '[a b="',
    '2003-10-11T22:14:15Z ',
    'Oct 11 22:14:15 ',
    'su: ',
    '\0',
    '\uFEFF',
    'é',
    '[]'.repeat(50),
  ]
  const began = performance.now()
  for (let round = 0; round < 100_000; round += 1) {
    const text = Array.from({ length: next() % 20 }, () => pieces[next() % pieces.length]).join('')
    const bytes =
      round % 2 === 0
        ? Uint8Array.from({ length: 1 + (next() % 200) }, () => next() & 255)
        : Buffer.from(`x${text}`).subarray(round % 4 === 1 ? 1 : 0)
    if (bytes.byteLength === 0) continue
    const { facility, severity } = decodeSyslog(bytes)
    assert.ok(facility <= 23 && severity <= 7)
  }
  const hostile = Buffer.from(`<34>1 - a b c d ${'[a="'.repeat(20_000)}`)
  for (let round = 0; round < 100; round += 1) decodeSyslog(hostile)
  assert.ok(performance.now() - began < 30_000)
})
