import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runStorm } from '../../bench/storm-run.ts'

const MIB = 2 ** 20
const SIZES = { loaderBytes: MIB / 8, kernelBytes: 2 * MIB, initramfsBytes: 3 * MIB }

test('200 machines that power on together all boot, the first first, and see their place while they wait', async () => {
  const signal = AbortSignal.timeout(60_000)
  const { results, serverPeakMiB } = await runStorm({ machines: 200, atOnce: 10, ...SIZES, signal })
  assert.deepEqual(
    results.filter(({ seconds }) => seconds === undefined),
    [],
  )
  const waited = results.filter(({ places }) => places.length > 0)
  assert.ok(waited.length >= 50, `${waited.length} waited`)
  for (const { places } of waited) {
    assert.ok(
      places.every((place, index) => place >= 1 && place <= (places[index - 1] ?? 200)),
      places.join(' '),
    )
  }
  assert.ok(serverPeakMiB < 300, `${serverPeakMiB} MiB`)
})

test('200 machines that all fetch at the same time share one copy in memory', async () => {
  const signal = AbortSignal.timeout(60_000)
  const { results, serverPeakMiB } = await runStorm({ machines: 200, atOnce: 1000, ...SIZES, signal })
  assert.equal(results.filter(({ seconds }) => seconds !== undefined).length, 200)
  assert.ok(serverPeakMiB < 300, `${serverPeakMiB} MiB`)
})
