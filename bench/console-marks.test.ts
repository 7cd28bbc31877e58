import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consoleMarks } from './console-marks.ts'

const CONSOLE = `[    0.000000] Linux version 6.12.57+deb13-amd64
[    3.250000] Run /init as init process
netroot: Linux 6.12.57 runs
[   12.750000] systemd[1]: Inserted module 'autofs4'
[   13.500000] systemd[1]: systemd 257.9-1~deb13u1 running in system mode (+PAM +AUDIT)
`

test('consoleMarks() reads when the initramfs and when the real system began', () => {
  assert.deepEqual(consoleMarks(CONSOLE), { initSeconds: 3.25, systemSeconds: 12.75 })
})

test('consoleMarks() says what it misses', () => {
  assert.throws(() => consoleMarks(CONSOLE.replace('Run /init', 'Ran')), /Cannot find the kernel's start of \/init/)
  assert.throws(() => consoleMarks(CONSOLE.slice(0, 120)), /Cannot find systemd's first line/)
})
