import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeClient } from '../protocols/dhcp/client.ts'
import { option, rawOption } from '../protocols/dhcp/options.ts'
import { clientMessage } from '../protocols/dhcp/testing.ts'
import { classOf, configOfClass, configsOfClasses } from './classes.ts'
import { ConfigError } from './error.ts'
import { parseConfig } from './load.ts'

const HEAD = 'interface: eth1\nrange: 10.0.0.100-10.0.0.199\n'
const CONFIG = `${HEAD}default: a
unknown: ignore
profiles: { a: { image: a }, b: { image: b } }
classes:
  arm: { arch: 11, profile: b }
  uefi: { arch: [7, 9], vendorClass: 'PXEClient:*', profile: b }
clients: { pc7: { mac: '52:54:00:00:00:07' } }
`
const { config } = parseConfig(CONFIG, 'netroot.yaml')
function saying(architecture: number, vendorClass = '', mac = '52:54:00:00:00:01') {
  const options = [rawOption(option.architectures, [architecture]), rawOption(option.vendorClass, vendorClass)]
  return describeClient(clientMessage('discover', { mac, options }))
}

test('classOf() is the first class all of which holds, and none for a client that has a name', () => {
  assert.equal(classOf(config, saying(11)), 'arm')
  assert.equal(classOf(config, saying(9, 'PXEClient:Arch:00009')), 'uefi')
  assert.equal(classOf(config, saying(9, 'HTTPClient')), undefined)
  assert.equal(classOf(config, saying(11, '', '52:54:00:00:00:07')), undefined)
})

test('configOfClass() has the profile of the class as default, and forgets classes that are gone', () => {
  const { default: profile, unknown } = configOfClass(config, 'arm')
  assert.deepEqual([profile, unknown], ['b', 'boot'])
  assert.equal(configOfClass(config, 'gone'), config)
  assert.equal(configOfClass(config, 'constructor'), config)
  assert.equal(configsOfClasses(config).length, 3)
})

test('parseConfig() says what is wrong with a class', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['x: { profile: a }', /want one of arch:/],
    ['x: { arch: 7 }', /profile/],
    ['x: { arch: 7, profile: c }', /there is no profile c/],
    ['x: { arch: 70000, profile: a }', /numbers of DHCP option 93/],
    ['x: { uuid: 12, profile: a }', /UUID as dmidecode/],
    ['x: { arch: 7, profile: base }', /has no image/],
  ]
  for (const [text, says] of wrong) {
    const yaml = `${HEAD}default: a\nprofiles: { a: { image: a }, base: { cmdline: quiet } }\nclasses: { ${text} }\n`
    assert.throws(
      () => parseConfig(yaml, 'netroot.yaml'),
      (error) => error instanceof ConfigError && says.test(error.message),
      text,
    )
  }
})
