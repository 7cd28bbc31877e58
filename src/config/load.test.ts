import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError } from './error.ts'
import { loadConfig, parseConfig } from './load.ts'

const SMALL = `interface: eth1
range: 10.0.0.100-10.0.0.199
profiles:
  debian: { image: debian }
`

/** Line, column and words of every mistake. */
function mistakes(text: string): string[] {
  try {
    parseConfig(text, 'netroot.yaml')
  } catch (error) {
    assert(error instanceof ConfigError)
    return error.problems.map((problem) => `${problem.line}:${problem.column}: ${problem.text}`)
  }
  return []
}

test('parseConfig() fills in the defaults', () => {
  const { config } = parseConfig(SMALL, 'netroot.yaml')
  assert.equal(config.lease, 12 * 3600)
  assert.deepEqual(config.ports, { http: 80, nfs: 2049, tftp: 69, syslog: 514 })
  assert.deepEqual(config.range, { first: '10.0.0.100', last: '10.0.0.199' })
  assert.deepEqual([config.dns, config.ntp, config.clients, config.unknown], [[], [], {}, 'boot'])
})

test('parseConfig() reads a client and its profile', () => {
  const { config } = parseConfig(
    `${SMALL}clients:\n  pc7: { mac: 52-54-00-AB-CD-07, address: 10.0.0.7, cmdline: 'quiet dyndbg="file x +p"' }\n`,
    'netroot.yaml',
  )
  assert.deepEqual(config.clients, {
    pc7: { mac: '52:54:00:ab:cd:07', address: '10.0.0.7', cmdline: ['quiet', 'dyndbg="file x +p"'] },
  })
})

test('parseConfig() says which initramfs there are', () => {
  assert.deepEqual(mistakes(SMALL.replace('image: debian', 'image: debian, initramfs: dracut')), [
    '4:39: initramfs: found "dracut", want netroot or image',
  ])
})

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVtcHR5 admin'

test('parseConfig() takes keys for SSH as a list or as a file', () => {
  assert.deepEqual(parseConfig(`${SMALL}ssh: [${KEY}]\n`, 'netroot.yaml').config.ssh, { keys: [KEY] })
  assert.deepEqual(parseConfig(`${SMALL}ssh: keys.pub\n`, 'netroot.yaml').config.ssh, { file: 'keys.pub' })
})

test('parseConfig() refuses a login over SSH that no key opens, at the key that asks for it', () => {
  const asks = SMALL.replace('image: debian', 'image: debian, ssh: true')
  assert.match(
    mistakes(asks)[0] ?? '',
    /^4:33: ssh: asks for a login over SSH, and no key may log in; want ssh: at the top/,
  )
  assert.match(mistakes(`${asks}ssh: []\n`)[0] ?? '', /^4:33: ssh: asks/)
  const word = SMALL.replace('image: debian', 'image: debian, cmdline: quiet netroot.ssh')
  assert.match(mistakes(word)[0] ?? '', /^4:37: cmdline: asks/)
  assert.deepEqual(mistakes(`${word}ssh: [${KEY}]\n`), [])
})

test('parseConfig() refuses what is no public key, a private one first of all', () => {
  assert.match(mistakes(`${SMALL}ssh: [hello]\n`)[0] ?? '', /^5:6: ssh: .*want a file of public keys, or a list/)
})

test('parseConfig() reads which drivers an initramfs carries', () => {
  const text = SMALL.replace('image: debian', 'image: debian, drivers: generic, modules: [md_mod]')
  assert.deepEqual(parseConfig(text, 'netroot.yaml').config.profiles['debian'], {
    image: 'debian',
    drivers: 'generic',
    modules: ['md_mod'],
  })
  assert.match(mistakes(text.replace('generic', 'some'))[0] ?? '', /drivers: found "some", want auto, generic or all$/)
  assert.match(mistakes(`${SMALL}cache: 4\n`)[0] ?? '', /^5:8: cache: found the number 4, want a size such as 4GiB/)
})

test('parseConfig() says for an unknown key where it stands and which was meant', () => {
  assert.deepEqual(mistakes(`${SMALL}rooter: 10.0.0.1\n`), [
    '5:1: found the unknown key "rooter", did you mean router?',
  ])
  assert.deepEqual(mistakes(SMALL.replace('image: debian', 'image: debian, imgae: x')), [
    '4:28: found the unknown key "imgae", did you mean image?',
  ])
  assert.match(
    mistakes(`${SMALL}ports: { ssh: 22 }\n`)[0] ?? '',
    /^5:10: found the unknown key "ssh", want one of http, nfs, tftp, syslog$/,
  )
})

test('parseConfig() says what a MAC address looks like', () => {
  assert.deepEqual(mistakes(`${SMALL}clients:\n  pc7:\n    mac: 52:54:00:12:34\n`), [
    '7:10: mac: found "52:54:00:12:34", want six octets such as 52:54:00:12:34:56',
  ])
  assert.deepEqual(mistakes(`${SMALL}clients:\n  pc7:\n    mac: 525400123456\n`), [
    '7:10: mac: found the number 525400123456, want six octets such as 52:54:00:12:34:56',
  ])
})

test('parseConfig() refuses wrong addresses, ranges, times and ports', () => {
  const text = `interface: eth1
range: 10.0.0.199-10.0.0.100
router: 10.0.0
lease: 12
dns: 10.0.0.1
ports: { http: 70000 }
profiles: { debian: { image: debian, root: floppy } }
`
  assert.deepEqual(mistakes(text), [
    '2:8: range: found "10.0.0.199-10.0.0.100", want the first and the last address of the pool such as 192.168.1.100-192.168.1.199',
    '3:9: router: found "10.0.0", want four octets such as 192.168.1.10',
    '4:8: lease: found the number 12, want a time such as 12h, 30m or 2d',
    '5:6: dns: found "10.0.0.1", want a list of addresses such as [192.168.1.1]',
    '6:16: http: found the number 70000, want a port from 0 to 65535',
    '7:44: root: found "floppy", want nfs, or a list of what is tried in order',
  ])
})

test('parseConfig() refuses two clients with one MAC address or one address', () => {
  const text = `${SMALL}clients:
  pc7: { mac: 52:54:00:12:34:56, address: 10.0.0.7 }
  pc8: { mac: 52-54-00-12-34-56, address: 10.0.0.7 }
`
  assert.deepEqual(mistakes(text), [
    '7:15: mac: 52:54:00:12:34:56 belongs to client pc7 already, want another',
    '7:43: address: 10.0.0.7 belongs to client pc7 already, want another',
  ])
})

test('parseConfig() refuses profiles that do not exist', () => {
  assert.deepEqual(mistakes(`${SMALL}default: debain\n`), [
    '5:10: default: there is no profile debain, did you mean debian?',
  ])
  assert.deepEqual(mistakes(`${SMALL}clients:\n  pc7: { mac: 52:54:00:12:34:56, profile: xyz }\n`), [
    '6:43: profile: there is no profile xyz, want one of debian',
  ])
})

test('parseConfig() refuses profiles that inherit in a circle, each once', () => {
  const text = `interface: eth1
range: 10.0.0.100-10.0.0.199
default: c
profiles:
  a: { inherit: b, image: x }
  b: { inherit: a }
  c: { inherit: b }
`
  assert.deepEqual(mistakes(text), [
    '5:17: inherit: profile a inherits from itself in a circle',
    '6:17: inherit: profile b inherits from itself in a circle',
  ])
})

test('parseConfig() wants an image of every profile that is booted, and of no other', () => {
  const text = SMALL.replace('debian: { image: debian }', 'base: { cmdline: quiet }\n  debian: { inherit: base }')
  assert.deepEqual(mistakes(`${text}default: debian\n`), [
    '5:3: profile debian is booted and has no image:, want the name of one',
  ])
  assert.deepEqual(mistakes(`${text.replace('inherit: base', 'inherit: base, image: x')}default: debian\n`), [])
})

test('parseConfig() wants a default where there are several profiles', () => {
  const text = SMALL.replace('profiles:', 'profiles:\n  other: { image: x }')
  assert.deepEqual(mistakes(text), [
    '3:1: default: is missing and there are several profiles, want one of other, debian',
  ])
  assert.deepEqual(mistakes(`${text}unknown: ignore\n`), [])
})

test('parseConfig() reports a missing key with the place that should hold it', () => {
  assert.deepEqual(mistakes('profiles: { debian: { image: debian } }\n'), [
    '1:1: interface: is missing, want the name of a network interface such as eth0',
    '1:1: range: is missing, want the first and the last address of the pool such as 192.168.1.100-192.168.1.199',
  ])
  assert.deepEqual(mistakes(`${SMALL}clients:\n  pc7:\n    address: 10.0.0.7\n`), [
    '7:5: mac: is missing, want six octets such as 52:54:00:12:34:56',
  ])
})

test('parseConfig() reports wrong values and wrong references in one go', () => {
  const text = `interface: eth1
range: nonsense
profiles:
  debian: { image: debian, wirtes: discard }
  empty:
default: debain
clients:
  pc7: { mac: 52:54:00:12:34:56, address: 10.0.0.7 }
  pc8: { mac: 52:54:00:12:34:56, adress: 10.0.0.8, profile: empty }
  pc_9: { mac: 52:54:00:12:34:59 }
`
  assert.deepEqual(
    mistakes(text).map((line) => line.slice(0, 40)),
    [
      '2:8: range: found "nonsense", want the fi',
      '4:28: found the unknown key "wirtes", di',
      '5:3: empty: found nothing, want the keys',
      '5:3: profile empty is booted and has no ',
      '6:10: default: there is no profile debai',
      '9:15: mac: 52:54:00:12:34:56 belongs to ',
      '9:34: found the unknown key "adress", di',
      '10:3: found the name "pc_9", want a host',
    ].map((line) => line.slice(0, 40)),
  )
})

test('parseConfig() refuses duplicate keys, tabs and an empty file', () => {
  assert.deepEqual(mistakes(`${SMALL}range: 10.0.0.1-10.0.0.2\n`), ['5:1: this key stands here twice, want it once'])
  assert.match(
    mistakes('interface: eth1\nprofiles:\n\tdebian: {}\n')[0] ?? '',
    /^3:1: a tab indents this line, want blanks/,
  )
  for (const text of ['', '\n# nothing\n'])
    assert.match(mistakes(text)[0] ?? '', /^1:1: the file is empty, want at least/)
  assert.deepEqual(mistakes('just words\n'), ['1:1: found "just words", want keys such as interface: and profiles:'])
})

test('parseConfig() survives aliases that unfold to billions of values', () => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 12; i += 1)
    lines.push(
      `${'abcdefghijkl'[i]}: &${'abcdefghijkl'[i]} [${Array(9)
        .fill(`*${'abcdefghijkl'[i - 1]}`)
        .join(', ')}]`,
    )
  assert.deepEqual(mistakes(lines.join('\n')), ['1:1: its aliases unfold to too much'])
})

test('loadConfig() says which file cannot be read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'netroot-config-'))
  t.after(() => rm(folder, { recursive: true }))
  await assert.rejects(loadConfig(join(folder, 'none.yaml')), (error) => {
    assert(error instanceof ConfigError)
    assert.equal(error.name, 'ConfigError')
    assert.match(error.message, /none\.yaml:1:1: cannot be read: ENOENT/)
    return true
  })
  await writeFile(join(folder, 'netroot.yaml'), SMALL)
  assert.equal((await loadConfig(join(folder, 'netroot.yaml'))).config.interface, 'eth1')
})
