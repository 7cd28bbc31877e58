import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BootEvent } from './events.ts'
import { loaderFateOf, refusesIpxe } from './loader-fate.ts'

const at = 0
const asks = (speaker: 'firmware' | 'ipxe'): BootEvent => ({ type: 'dhcp.discover', at, speaker })
const sent = (name: string, bytes = 1000, outcome: 'sent' | 'aborted' = 'sent'): BootEvent => ({
  type: 'tftp.file',
  at,
  name,
  outcome,
  bytes,
  durationMs: 1,
  blockSize: 1468,
})
const script: BootEvent = {
  type: 'http.file',
  at,
  role: 'script',
  path: '/boot.ipxe',
  status: 200,
  outcome: 'sent',
  bytes: 1,
  durationMs: 1,
}
const replaced: BootEvent = { type: 'boot.loader', at, loader: 'grub', why: 'it starts no iPXE' }

const SILENT = [asks('firmware'), sent('snponly.efi', 0, 'aborted'), sent('snponly.efi')]

test('loaderFateOf() tells a loader that never spoke from one that ran', () => {
  assert.equal(loaderFateOf(SILENT), 'silent')
  assert.equal(loaderFateOf([asks('firmware'), sent('boot\\ipxe-arm64.efi')]), 'silent')
  for (const sign of [asks('ipxe'), sent('/autoexec.ipxe'), script])
    assert.equal(loaderFateOf([...SILENT, sign]), 'ran')
  assert.equal(loaderFateOf([asks('firmware'), replaced, sent('shimx64.efi')]), 'replaced')
})

test('loaderFateOf() takes nothing from a loader that did not arrive, or that is signed, or for BIOS', () => {
  for (const file of [sent('snponly.efi', 500, 'aborted'), sent('shimx64.efi'), sent('undionly.kpxe')]) {
    assert.equal(loaderFateOf([asks('firmware'), file]), undefined)
  }
})

test('refusesIpxe() goes by the latest boot that says something', () => {
  const RAN = [...SILENT, asks('ipxe')]
  assert.equal(refusesIpxe([]), false)
  assert.equal(refusesIpxe([[asks('firmware')], SILENT, RAN]), true)
  assert.equal(refusesIpxe([[asks('firmware')], RAN, SILENT]), false)
  assert.equal(refusesIpxe([[replaced], RAN]), true)
})
