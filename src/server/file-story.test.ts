import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { BootEvent } from '../fleet/events.ts'
import type { ResponseReport } from '../protocols/http/answer.ts'
import type { TransferReport } from '../protocols/tftp/report.ts'
import { FileStory } from './file-story.ts'
import { eventsOf, memoryStory, PC7 } from './testing.ts'

const DIGEST = 'a'.repeat(64)
const PEER = { address: '10.0.0.7', port: 1024 }
const GET: ResponseReport = {
  peer: PEER,
  method: 'GET',
  url: `/release/${DIGEST}/kernel/6.1.0`,
  status: 200,
  bytes: 1024,
  milliseconds: 3,
  complete: true,
  userAgent: '',
}
const RRQ: TransferReport = {
  peer: PEER,
  filename: 'undionly.kpxe',
  outcome: 'complete',
  text: '',
  bytes: 100_000,
  blocks: 70,
  blockSize: 1468,
  windowSize: 1,
  retransmissions: 0,
  milliseconds: 20,
}

/** What is written of a boot to which 10.0.0.7 was given. */
function written(t: TestContext, tell: (files: FileStory, id: string) => void): BootEvent[] {
  const { boots, story } = memoryStory(t)
  const { id } = story.bootOf({ mac: PC7 }, 1000)
  story.record(id, { type: 'dhcp.ack', at: 1000, speaker: 'ipxe', address: PEER.address, leaseSeconds: 600 })
  tell(new FileStory(story), id)
  return eventsOf(boots, id)
    .slice(1)
    .map((event) => ({ ...event, at: 0 }))
}

test('FileStory finds the boot of a file by the address that asks', (t) => {
  assert.deepEqual(
    written(t, (files) => files.http(GET)),
    [
      {
        type: 'http.file',
        at: 0,
        role: 'kernel',
        path: GET.url,
        status: 200,
        outcome: 'sent',
        bytes: 1024,
        durationMs: 3,
      },
    ],
  )
})

test('FileStory finds it by the id or the MAC address in the path, whatever address asks', (t) => {
  const peer = { address: '10.0.0.99', port: 1 }
  const events = written(t, (files, id) => {
    files.http({ ...GET, peer, url: `/boot/${id}/${DIGEST}/6.1.0/client.cpio` })
    files.http({ ...GET, peer, url: `/ipxe?mac=52-54-00-00-00-07` })
    files.http({ ...GET, peer })
    files.http({ ...GET, peer, url: `/boot/zzzzzz/${DIGEST}/6.1.0/client.cpio` })
  })
  assert.deepEqual(
    events.map((event) => event.type === 'http.file' && event.role),
    ['client', 'script'],
  )
})

test('FileStory tells how a file over HTTP ended', (t) => {
  const events = written(t, (files) => {
    files.http({ ...GET, complete: false })
    files.http({ ...GET, status: 404 })
    files.http({ ...GET, status: 500 })
  })
  assert.deepEqual(
    events.map((event) => event.type === 'http.file' && event.outcome),
    ['aborted', 'not-found', 'refused'],
  )
})

test('FileStory leaves out reports, what is no GET, and paths that cannot be read', (t) => {
  const events = written(t, (files, id) => {
    files.http({ ...GET, method: 'POST', url: `/report/${id}` })
    files.http({ ...GET, url: `/report/${id}` })
    files.http({ ...GET, method: 'HEAD' })
    files.http({ ...GET, url: '/%ff' })
  })
  assert.deepEqual(events, [])
})

test('FileStory keeps of a name what can be shown', (t) => {
  const events = written(t, (files) => {
    files.http({ ...GET, url: `/%1b[31m%00${'x'.repeat(10_000)}` })
    files.tftp({ ...RRQ, filename: `\x1b]0;x\x07${'y'.repeat(400)}`, outcome: 'not-found', text: 'File not found' })
  })
  assert.deepEqual(
    events.map((event) => (event.type === 'http.file' ? event.path : event.type === 'tftp.file' ? event.name : '')),
    [`/[31m${'x'.repeat(194)}…`, `]0;x${'y'.repeat(195)}…`],
  )
})

test('FileStory tells a file over TFTP, and why it was not sent', (t) => {
  const events = written(t, (files) => {
    files.tftp(RRQ)
    files.tftp({ ...RRQ, outcome: 'client-gone', text: 'the client went away' })
  })
  const common = { type: 'tftp.file', at: 0, name: 'undionly.kpxe', bytes: 100_000, durationMs: 20, blockSize: 1468 }
  assert.deepEqual(events, [
    { ...common, outcome: 'sent' },
    { ...common, outcome: 'aborted', reason: 'the client went away' },
  ])
})

test('FileStory tells a mount, and why it was refused', (t) => {
  const mount = { address: PEER.address, path: `/release/${DIGEST}`, text: 'there is no such export', machineName: '' }
  const events = written(t, (files) => {
    files.nfs({ ...mount, status: 'ok' })
    files.nfs({ ...mount, status: 'no-entry' })
  })
  assert.deepEqual(events, [
    { type: 'nfs.mount', at: 0, path: mount.path, outcome: 'mounted' },
    { type: 'nfs.mount', at: 0, path: mount.path, outcome: 'refused', reason: mount.text },
  ])
})
