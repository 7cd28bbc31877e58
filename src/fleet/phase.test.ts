import assert from 'node:assert/strict'
import { test } from 'node:test'
import { phaseAfter } from './phase.ts'

const MOUNT = { type: 'nfs.mount', at: 0, path: '/release/ab', outcome: 'mounted' } as const

test('phaseAfter() takes a mount for the root where the initramfs is not ours and tells nothing', () => {
  assert.equal(phaseAfter('kernel', MOUNT), 'root')
})

test('phaseAfter() waits for what our initramfs says of its root', () => {
  assert.equal(phaseAfter('initramfs', MOUNT), 'initramfs')
  assert.equal(phaseAfter('kernel', { ...MOUNT, outcome: 'refused' }), 'kernel')
})

test('phaseAfter() never goes back, but from failed', () => {
  assert.equal(phaseAfter('alive', { type: 'report.init', at: 0 }), 'alive')
  assert.equal(phaseAfter('failed', { type: 'report.init', at: 0 }), 'initramfs')
})
