import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FIRMWARES } from '../lab/platforms.ts'
import { demoCommand } from './demo.ts'
import { tryCommand } from './try.ts'

test('try and demo take every firmware that the lab can play, and no other', () => {
  for (const command of [tryCommand(), demoCommand()]) {
    const option = command.options.find(({ long }) => long === '--firmware') ?? assert.fail()
    assert.deepEqual(option.argChoices, [...FIRMWARES])
    assert.equal(option.defaultValue, 'bios')
  }
})
