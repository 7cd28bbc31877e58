import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientOf, effectiveProfile, hostNameOf } from './effective.ts'
import { parseConfig } from './load.ts'

const { config } = parseConfig(
  `interface: eth1
range: 10.0.0.100-10.0.0.199
default: debian
profiles:
  debian: { image: debian, cmdline: console=ttyS0 quiet, hostname: 'pc-{mac}' }
  debug: { inherit: debian, kernel: 6.12.1, cmdline: [debug] }
clients:
  pc7: { mac: 52:54:00:00:00:07, profile: debug, image: other, cmdline: loglevel=7 }
  pc8: { mac: 52:54:00:00:00:08, hostname: kiosk }
`,
  'netroot.yaml',
)

test('effectiveProfile() gives machines nobody named the default profile', () => {
  assert.deepEqual(effectiveProfile(config), {
    name: 'debian',
    image: 'debian',
    root: ['nfs'],
    writes: 'discard',
    initramfs: 'netroot',
    drivers: 'auto',
    modules: [],
    ssh: false,
    commandLine: ['console=ttyS0', 'quiet'],
    hostname: 'pc-{mac}',
  })
})

test('effectiveProfile() lets the client win and adds up the command lines, inherited words first', () => {
  assert.deepEqual(effectiveProfile(config, clientOf(config, '52:54:00:00:00:07')), {
    name: 'debug',
    image: 'other',
    kernel: '6.12.1',
    root: ['nfs'],
    writes: 'discard',
    initramfs: 'netroot',
    drivers: 'auto',
    modules: [],
    ssh: false,
    commandLine: ['console=ttyS0', 'quiet', 'debug', 'loglevel=7'],
  })
})

test("effectiveProfile() gives the image's own initramfs to those who ask for it, and to who inherits that", () => {
  const profiles = { own: { initramfs: 'image', image: 'debian' }, child: { inherit: 'own' } } as const
  const of = (client: { readonly profile: string; readonly initramfs?: 'netroot' }) =>
    effectiveProfile({ ...config, profiles }, { mac: '52:54:00:00:00:01', ...client })?.initramfs
  assert.equal(of({ profile: 'child' }), 'image')
  assert.equal(of({ profile: 'child', initramfs: 'netroot' }), 'netroot')
})

test('effectiveProfile() gives nothing to a machine that is to be ignored', () => {
  assert.equal(effectiveProfile({ ...config, unknown: 'ignore' }), undefined)
})

test('hostNameOf() takes the name of the client, or makes one of the MAC address', () => {
  const profile = effectiveProfile(config)
  assert(profile)
  assert.equal(hostNameOf('52:54:00:00:00:07', profile, clientOf(config, '52:54:00:00:00:07')), 'pc7')
  assert.equal(hostNameOf('52:54:00:00:00:08', profile, clientOf(config, '52:54:00:00:00:08')), 'kiosk')
  assert.equal(hostNameOf('52:54:00:00:00:09', profile), 'pc-525400000009')
})

test('effectiveProfile() lets people log in where the profile or the command line says so', () => {
  const sshOf = (words: string): boolean | undefined => {
    const text = `interface: eth0\nrange: 10.0.0.1-10.0.0.9\nssh: keys.pub\nprofiles:\n  a: { image: a${words} }\n`
    return effectiveProfile(parseConfig(text, 'netroot.yaml').config)?.ssh
  }
  assert.deepEqual(
    ['', ', ssh: true', ', cmdline: quiet netroot.ssh', ', cmdline: netroot.ssh=1 netroot.ssh=0'].map(sshOf),
    [false, true, true, false],
  )
})
