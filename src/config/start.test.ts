import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientOf } from './effective.ts'
import { ConfigError } from './error.ts'
import { parseConfig } from './load.ts'
import { bootableProfiles, startOf } from './start.ts'

const HEAD = 'interface: eth1\nrange: 10.0.0.100-10.0.0.199\n'
const MENU = `${HEAD}default: pick
profiles:
  debian: { image: debian, cmdline: quiet }
  rescue: { inherit: debian, cmdline: debug }
  pick: { loader: pxelinux, hostname: '{mac}', menu: { entries: [debian, rescue, local] } }
clients:
  pc7: { mac: 52:54:00:00:00:07 }
  pc8: { mac: 52:54:00:00:00:08, boot: local }
  pc9: { mac: 52:54:00:00:00:09, profile: rescue, menu: { timeout: 3s, entries: [local, rescue] }, kernel: 6.12.1 }
`

function problemsOf(text: string): string[] {
  try {
    parseConfig(HEAD + text, 'netroot.yaml')
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n')
  }
}

test('startOf() shows a menu where a profile asks for one, and its loader and host names count', () => {
  const { config } = parseConfig(MENU, 'netroot.yaml')
  const menu = { timeout: 10, entries: ['debian', 'rescue', 'local'], shownBy: 'loader' }
  assert.deepEqual(startOf(config), { kind: 'menu', menu, loader: 'pxelinux', hostname: '{mac}' })
  assert.deepEqual(startOf(config, clientOf(config, '52:54:00:00:00:07')), { kind: 'menu', menu, loader: 'pxelinux' })
})

test('startOf() leaves a machine to its own disk where its client, its profile or unknown: says so', () => {
  const { config } = parseConfig(MENU, 'netroot.yaml')
  const ofClient = startOf(config, clientOf(config, '52:54:00:00:00:08'))
  assert.deepEqual(ofClient, { kind: 'local', why: 'profile pick: boot: local', loader: 'pxelinux' })
  const unknown = parseConfig(`${HEAD}unknown: local\nprofiles: { a: { image: a } }`, 'netroot.yaml').config
  assert.deepEqual(startOf(unknown), { kind: 'local', why: 'unknown: local', hostname: 'pc-{mac}' })
  const ignored = parseConfig(`${HEAD}unknown: ignore\nprofiles: { a: { image: a } }`, 'netroot.yaml').config
  assert.equal(startOf(ignored), undefined)
})

test('bootableProfiles() has every entry of a menu, each with the words of the client', () => {
  const { config } = parseConfig(MENU, 'netroot.yaml')
  const all = bootableProfiles(config).map(({ name, commandLine }) => [name, ...commandLine])
  assert.deepEqual(all, [
    ['debian', 'quiet'],
    ['rescue', 'quiet', 'debug'],
  ])
  const [own, ...others] = bootableProfiles(config, clientOf(config, '52:54:00:00:00:09'))
  assert.deepEqual([own?.name, own?.kernel, others.length], ['rescue', '6.12.1', 0])
  assert.deepEqual(bootableProfiles(config, clientOf(config, '52:54:00:00:00:08')), [])
})

test('parseConfig() says which entry of a menu cannot be booted', () => {
  const menu = (entries: string): string =>
    `profiles: { debian: { image: a }, base: {}, p: { menu: { entries: ${entries} } } }\ndefault: p`
  assert.deepEqual(problemsOf(menu('[debian, local]')), [])
  assert.match(
    problemsOf(menu('[debain]')).join(),
    /:3:\d+: entries: there is no profile debain, did you mean debian\?/,
  )
  assert.match(problemsOf(menu('[base]')).join(), /entries: profile base has no image:, so nobody can choose it/)
  assert.match(problemsOf(menu('[]')).join(), /want a list of profiles such as \[debian, rescue, local\]/)
  assert.match(problemsOf('profiles: { local: { image: a, menu: { entries: [local] } } }').join(), /another name/)
})

test('parseConfig() wants no image of a profile that has a menu or is the own disk', () => {
  assert.deepEqual(problemsOf('profiles: { a: { boot: local } }'), [])
  assert.match(problemsOf('profiles: { a: { boot: network } }').join(), /profile a is booted and has no image/)
})
