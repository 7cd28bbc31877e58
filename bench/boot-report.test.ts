import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootTable, comparisonOf, type MeasuredBoot } from './boot-report.ts'

const BOOT: MeasuredBoot = {
  loginSeconds: 60,
  loaderSeconds: 20,
  unpackSeconds: 2,
  initramfsSeconds: 4,
  systemSeconds: 34,
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

test('comparisonOf() compares medians, and says how much of each peer ours is', () => {
  const netroot = [BOOT, { ...BOOT, loginSeconds: 90 }, BOOT]
  const [login] = comparisonOf({ netroot, debian: [SLOW, SLOW, SLOW], readOnly: [BOOT, BOOT, BOOT] })
  assert.deepEqual(login?.results, [
    { contender: 'netroot', median: 60, min: 60, max: 90, ratio: 1 },
    { contender: 'debian', median: 120, min: 120, max: 120, ratio: 0.5 },
    { contender: 'readOnly', median: 60, min: 60, max: 60, ratio: 1 },
  ])
})

test('bootTable() shows spread, bytes of all parts together, and no ratio to nothing', () => {
  const netroot = [BOOT, { ...BOOT, loginSeconds: 70 }]
  const lines = bootTable({ netroot, debian: [SLOW], readOnly: [{ ...BOOT, failedUnits: 2 }] }).split('\n')
  assert.match(lines[0] ?? '', /^ +netroot +Debian's own +ratio +the same, read-only +ratio$/)
  assert.match(lines[1] ?? '', /^power-on to login prompt +s +65\.0 \(60\.0–70\.0\) +120\.0 +0\.54 +60\.0 +1\.08$/)
  assert.match(lines[6] ?? '', /^initramfs, as sent +MiB +8\.0 +8\.0 +1\.00 +8\.0 +1\.00$/)
  assert.match(lines[11] ?? '', /^units that failed +0 +0 +2 +0\.00$/)
})
