import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stateDirectory } from './paths.ts'

test('stateDirectory() takes what NETROOT_STATE names, whoever asks', () => {
  assert.equal(stateDirectory({ NETROOT_STATE: '/srv/x' }, 0), '/srv/x')
})

test('stateDirectory() is /var/lib/netroot for root and the XDG state directory for others', () => {
  assert.equal(stateDirectory({ HOME: '/root' }, 0), '/var/lib/netroot')
  assert.equal(stateDirectory({ HOME: '/home/eva' }, 1000), '/home/eva/.local/state/netroot')
  assert.equal(stateDirectory({ HOME: '/home/eva', XDG_STATE_HOME: '/data' }, 1000), '/data/netroot')
  assert.equal(
    stateDirectory({ HOME: '/home/eva', XDG_STATE_HOME: 'relative' }, 1000),
    '/home/eva/.local/state/netroot',
  )
})
