import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BootEvent } from './events.ts'
import type { Speaker } from './machine.ts'
import { type Belonging, belongingOf, type LatestBoot, SILENCE_MS } from './new-boot.ts'
import { phaseAfter } from './phase.ts'

/** A step of a run: somebody on the machine speaks DHCP, or something else happens; `after` is seconds since the step before. */
type Step = { after: number } & ({ speaks: Speaker; wants: Belonging } | { event: BootEvent })

const speaks = (speaker: Speaker, wants: Belonging, after = 1): Step => ({ speaks: speaker, wants, after })
const happens = (event: BootEvent, after = 1): Step => ({ event, after })

const LOADER = happens({
  type: 'tftp.file',
  at: 0,
  name: 'snponly.efi',
  outcome: 'sent',
  bytes: 180_000,
  durationMs: 90,
  blockSize: 1468,
})
const SIZE_ONLY = happens({
  type: 'tftp.file',
  at: 0,
  name: 'snponly.efi',
  outcome: 'aborted',
  bytes: 0,
  durationMs: 1,
  blockSize: 1468,
})
const SCRIPT = happens({
  type: 'http.file',
  at: 0,
  role: 'script',
  path: '/boot.ipxe',
  status: 200,
  outcome: 'sent',
  bytes: 200,
  durationMs: 1,
})
const KERNEL = happens({
  type: 'http.file',
  at: 0,
  role: 'kernel',
  path: '/k',
  status: 200,
  outcome: 'sent',
  bytes: 12e6,
  durationMs: 60,
})
const INIT = happens({ type: 'report.init', at: 0 }, 5)
const ROOT = happens({ type: 'report.root', at: 0, url: 'nfs://10.0.0.1' })
const SWITCH = happens({ type: 'report.switch', at: 0, init: '/sbin/init' })
const ALIVE = happens({ type: 'report.alive', at: 0 }, 20)
const REBOOT = happens({ type: 'report.shutdown', at: 0, kind: 'reboot' }, 500)
const FAILED = happens({ type: 'report.failed', at: 0, cause: 'no-lease', text: '', log: '' })
const RESTART = happens({ type: 'server.restarted', at: 0 })

const UEFI = [speaks('firmware', 'new'), SIZE_ONLY, LOADER, speaks('ipxe', 'latest', 3), SCRIPT, KERNEL, INIT]
const UP = [speaks('initramfs', 'latest'), ROOT, SWITCH, ALIVE]

const RUNS: Readonly<Record<string, readonly Step[]>> = {
  'BIOS with iPXE in ROM': [speaks('ipxe', 'new'), speaks('ipxe', 'latest'), SCRIPT, KERNEL, INIT, ...UP],
  'UEFI, then iPXE': [...UEFI, ...UP],
  'UEFI that tries PXE and then HTTP': [
    speaks('firmware', 'new'),
    speaks('firmware', 'latest', 70),
    LOADER,
    speaks('ipxe', 'latest'),
  ],
  'firmware that asks again and again': [4, 8, 16, 32].reduce<Step[]>(
    (run, s) => [...run, speaks('firmware', 'latest', s)],
    [speaks('firmware', 'new')],
  ),
  'firmware that comes back long after': [speaks('firmware', 'new'), speaks('firmware', 'new', SILENCE_MS / 1000 + 1)],
  'iPXE that comes back long after': [speaks('ipxe', 'new'), speaks('ipxe', 'new', SILENCE_MS / 1000 + 1)],
  'UEFI rebooted after alive': [...UEFI, ...UP, REBOOT, speaks('firmware', 'new', 9), LOADER, speaks('ipxe', 'latest')],
  'ROM rebooted after alive, without a report': [
    speaks('ipxe', 'new'),
    SCRIPT,
    KERNEL,
    INIT,
    ...UP,
    speaks('ipxe', 'new', 100),
  ],
  'power cycle while the kernel starts': [...UEFI.slice(0, -1), speaks('firmware', 'new', 6)],
  'power cycle of a ROM while the kernel starts': [speaks('ipxe', 'new'), SCRIPT, KERNEL, speaks('ipxe', 'new', 4)],
  'power cycle while the loader runs': [speaks('firmware', 'new'), LOADER, speaks('firmware', 'new', 10)],
  'power cycle in the initramfs': [...UEFI, speaks('initramfs', 'latest'), speaks('firmware', 'new', 30)],
  'power cycle after a failure': [...UEFI, FAILED, speaks('firmware', 'new', 300)],
  'initramfs that waits for hours and goes on': [
    ...UEFI,
    speaks('initramfs', 'latest', 9000),
    FAILED,
    speaks('initramfs', 'latest', 9000),
    ROOT,
  ],
  'server killed and started in between': [...UEFI, RESTART, ...UP, RESTART, speaks('system', 'latest', 9000)],
  'lease keeper of the running system': [
    ...UEFI,
    ...UP,
    speaks('keeper', 'latest', 2),
    speaks('keeper', 'latest', 21_600),
  ],
  'renewals of the running system': [
    ...UEFI,
    ...UP,
    speaks('system', 'latest', 21_600),
    speaks('system', 'latest', 21_600),
  ],
  'kexec into another initramfs': [...UEFI, ...UP, speaks('initramfs', 'new', 60)],
  'initramfs started from a USB stick': [speaks('initramfs', 'new'), INIT, ROOT],
  'a laptop that never boots from here': [speaks('system', 'none'), speaks('system', 'none', 9000)],
  'local disk after shutdown': [...UEFI, ...UP, REBOOT, speaks('system', 'none', 60)],
}

for (const [title, run] of Object.entries(RUNS)) {
  test(`belongingOf() tells the boots apart: ${title}`, () => {
    let at = 1_000_000
    let latest: LatestBoot | undefined
    for (const [index, step] of run.entries()) {
      at += step.after * 1000
      if ('speaks' in step) {
        const belonging = belongingOf(step.speaks, at, latest)
        assert.equal(belonging, step.wants, `step ${index + 1}: ${step.speaks} speaks`)
        if (belonging === 'none') continue
        latest = belonging === 'new' || latest === undefined ? { phase: 'firmware', lastAt: at } : latest
        const event: BootEvent = { type: 'dhcp.discover', at, speaker: step.speaks }
        latest = { phase: phaseAfter(latest.phase, event), lastAt: at }
      } else if (latest !== undefined) {
        latest = { phase: phaseAfter(latest.phase, step.event), lastAt: at }
      }
    }
  })
}

test('phaseAfter() goes only forward', () => {
  const event: BootEvent = { type: 'report.root', at: 0, url: 'x' }
  assert.equal(phaseAfter('alive', event), 'alive')
  assert.equal(phaseAfter('initramfs', event), 'root')
})

test('phaseAfter() lets a failed boot go on when a later try succeeds', () => {
  assert.equal(phaseAfter('failed', { type: 'report.root', at: 0, url: 'x' }), 'root')
  assert.equal(phaseAfter('alive', { type: 'report.failed', at: 0, cause: 'other', text: '', log: '' }), 'alive')
})
