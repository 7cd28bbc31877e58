import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitReason } from './machine-exit.ts'

test('exitReason() tells a machine that powered itself off from one that wanted to start again', () => {
  assert.equal(exitReason('guest-shutdown'), 'shutdown')
  assert.equal(exitReason('guest-reset'), 'reset')
  assert.equal(exitReason('guest-panic'), 'panic')
  assert.equal(exitReason('host-qmp-quit'), 'quit')
  assert.equal(exitReason('host-error'), 'failed')
  assert.equal(exitReason(undefined), 'failed')
})
