import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wrongImports } from './check-imports.ts'

const check = (file: string, source: string): string[] => wrongImports([file], () => source)

test('wrongImports() accepts an import from a room further down', () => {
  assert.deepEqual(check('src/protocols/tftp/packet.ts', "import { ByteReader } from '../../wire/reader.ts'"), [])
})

test('wrongImports() names an import from a room further up', () => {
  assert.deepEqual(check('src/wire/reader.ts', "import { x } from '../cli/main.ts'"), [
    'src/wire/reader.ts imports ../cli/main.ts: src/cli stands above src/wire',
  ])
})

test('wrongImports() keeps the configuration away from the fleet', () => {
  assert.match(
    check('src/fleet/boots.ts', "import type { Config } from '../config/schema.ts'")[0] ?? '',
    /must not see/,
  )
})

test('wrongImports() sees a dynamic import', () => {
  assert.equal(check('src/net/mac.ts', "await import('../server/up.ts')").length, 1)
})
