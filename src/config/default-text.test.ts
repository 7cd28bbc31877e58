import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { defaultConfigText } from './default-text.ts'
import { parseConfig } from './load.ts'
import { configReference } from './reference.ts'
import { clientShape, configShape, profileShape } from './schema.ts'

const TEXT = defaultConfigText({ interface: 'eth1', range: '10.0.0.100-10.0.0.199', image: 'debian' })

/** The file with all its examples switched on. */
const UNCOMMENTED = TEXT.replaceAll(/^( *)#: /gm, '$1')

test('defaultConfigText() is a configuration that loads', () => {
  const { config } = parseConfig(TEXT, 'netroot.yaml')
  assert.equal(config.interface, 'eth1')
  assert.deepEqual(config.profiles, { debian: { image: 'debian' } })
})

test('defaultConfigText() shows every key there is', () => {
  for (const key of [configShape, profileShape, clientShape].flatMap((shape) => Object.keys(shape))) {
    assert.match(UNCOMMENTED, new RegExp(`^ *${key}:`, 'm'), `want an example of ${key}:`)
  }
})

test('defaultConfigText() comments defaults that are the true ones', () => {
  const commented = parseConfig(TEXT, 'netroot.yaml').config
  const lines = UNCOMMENTED.split('\n').filter((line) => /^(lease|ports|unknown):/.test(line))
  assert.equal(lines.length, 3)
  assert.deepEqual(parseConfig(`${TEXT}${lines.join('\n')}\n`, 'netroot.yaml').config, commented)
})

test('defaultConfigText() loads with all its examples switched on', () => {
  const { config } = parseConfig(UNCOMMENTED, 'netroot.yaml')
  assert.equal(config.clients['pc7']?.address, '192.168.1.7')
  assert.equal(config.profiles['debug']?.inherit, 'debian')
})

test('docs/config.md is what the schema says', () => {
  const page = readFileSync(new URL('../../docs/config.md', import.meta.url), 'utf8')
  assert.equal(page, configReference(), 'write it again with: netroot config reference > docs/config.md')
})

test('configReference() describes every key', () => {
  assert.doesNotMatch(configReference(), /\| {2}\| /)
})
