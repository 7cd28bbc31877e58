import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResponseReport } from '../protocols/http/answer.ts'
import { Admission } from './admission.ts'
import { noteResponse } from './admission-story.ts'

const DIGEST = '0123456789abcdef'.repeat(4)
const PC7 = { machine: { mac: '52:54:00:00:00:07' } }
const BOOTS = {
  get: (id: string) => (id === 'k7m2qa' ? PC7 : undefined),
  ofAddress: (address: string) => (address === '10.77.0.7' ? PC7 : undefined),
}

function report(url: string, more: Partial<ResponseReport> = {}): ResponseReport {
  const peer = { address: '10.77.0.7', port: 1 }
  const sent = { method: 'GET', status: 200, bytes: 1, milliseconds: 1, complete: true, userAgent: 'iPXE' }
  return { peer, url, ...sent, ...more }
}

/** A machine that was admitted at 0; whether it still fetches after this response, at 1 s, and at 90.5 s. */
function after(one: ResponseReport): { soon: boolean; late: boolean } {
  const admission = new Admission({ atOnce: 1 })
  admission.ask(PC7.machine.mac, 0)
  noteResponse(admission, BOOTS, one, 1000)
  const soon = admission.fetching === 1
  admission.ask('other', 90_500)
  return { soon, late: soon && admission.waiting === 1 }
}

const last = `/boot/k7m2qa/${DIGEST}/6.12/client.cpio`
const cases: readonly (readonly [string, ResponseReport, { soon: boolean; late: boolean }])[] = [
  ['is done with its last part', report(last), { soon: false, late: false }],
  ["is done with the image's own initramfs", report(`/release/${DIGEST}/initramfs/6.12`), { soon: false, late: false }],
  ['is done when its initramfs reports', report('/report/k7m2qa', { method: 'POST' }), { soon: false, late: false }],
  ['fetches on while its last part was cut off', report(last, { complete: false }), { soon: true, late: true }],
  ['fetches on after the kernel', report(`/release/${DIGEST}/kernel/6.12`), { soon: true, late: true }],
  ['is not heard of by a script', report('/ipxe?mac=52:54:00:00:00:07'), { soon: true, late: false }],
  [
    'is not heard of by another machine',
    report(`/release/${DIGEST}/kernel/6.12`, { peer: { address: '10.77.0.8', port: 1 } }),
    { soon: true, late: false },
  ],
]
for (const [what, response, wanted] of cases) {
  test(`noteResponse(): a machine ${what}`, () => assert.deepEqual(after(response), wanted))
}
