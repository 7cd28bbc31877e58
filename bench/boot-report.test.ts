import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootTable, comparisonOf, type MeasuredBoot } from './boot-report.ts'

const BOOT: MeasuredBoot = {
  loginSeconds: 60,
  unpackSeconds: 2,
  initramfsSeconds: 4,
  wireBytes: 50 * 2 ** 20,
  fetchedBytes: 20 * 2 ** 20,
  initramfs: [
    { role: 'tools', path: '/initramfs/tools/ab.cpio.zst', bytes: 2 ** 20 },
    { role: 'drivers', path: '/initramfs/drivers/cd.cpio.zst', bytes: 7 * 2 ** 20 },
  ],
  unpackedBytes: 32 * 2 ** 20,
  failedUnits: 0,
  accelerator: 'tcg',
}
const SLOW = { ...BOOT, loginSeconds: 120, initramfsSeconds: 12 }

test('comparisonOf() compares medians, and says how much of the peer ours is', () => {
  const boots = { netroot: [BOOT, { ...BOOT, loginSeconds: 90 }, BOOT], image: [SLOW, SLOW, SLOW] }
  const [login] = comparisonOf(boots)
  assert.deepEqual(login?.netroot, { median: 60, min: 60, max: 90 })
  assert.equal(login?.ratio, 0.5)
})

test('bootTable() shows spread, bytes of all parts together, and no ratio where the peer has none', () => {
  const lines = bootTable({ netroot: [BOOT, { ...BOOT, loginSeconds: 70 }], image: [SLOW, SLOW] }).split('\n')
  assert.match(lines[1] ?? '', /^power-on to login prompt +65\.0 s \(60\.0 s–70\.0 s\) +120\.0 s +0\.54$/)
  assert.match(lines[5] ?? '', /^initramfs, as sent +8\.0 MiB +8\.0 MiB +1\.00$/)
  assert.match(lines[10] ?? '', /^units that failed +0 +0$/)
})
