import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Logger, silent } from '../sys/log.ts'
import { eventsOf, memoryStory, PC7 } from './testing.ts'

const MACHINE = { mac: PC7 }
const EVENT = { type: 'server.restarted', at: 5000 } as const

/** Counts errors. */
function counter(): { log: Logger; errors: string[] } {
  const errors: string[] = []
  return { log: { ...silent, error: (message) => void errors.push(message) }, errors }
}

test('BootStory names the boots of clients and keeps what happens in them', (t) => {
  const { boots, story } = memoryStory(t)
  const boot = story.bootOfDhcp(MACHINE, 'firmware', 1000)
  assert.equal(boot?.name, 'pc7')
  story.record(boot.id, EVENT)
  assert.deepEqual(eventsOf(boots, boot.id), [EVENT])
  assert.equal(story.bootOf(MACHINE, 2000).id, boot.id)
  assert.equal(story.bootOfDhcp({ mac: '52:54:00:00:00:08' }, 'system', 1000), undefined)
})

test('BootStory goes on without its database: a boot lasts in memory, events are lost, the log says so once', (t) => {
  const { log, errors } = counter()
  const { database, story } = memoryStory(t, log)
  database.close()
  const boot = story.bootOfDhcp(MACHINE, 'ipxe', 1000)
  assert.ok(boot)
  assert.equal(boot.name, 'pc7')
  assert.equal(story.get(boot.id), boot)
  assert.equal(story.bootOfDhcp(MACHINE, 'ipxe', 2000)?.id, boot.id) // and not a new one each time that it asks
  assert.equal(story.bootOf(MACHINE, 3000).id, boot.id)
  assert.equal(story.bootOfDhcp({ mac: '52:54:00:00:00:08' }, 'system', 1000), undefined)
  story.record(boot.id, EVENT)
  story.recordRestart(6000)
  assert.equal(story.ofAddress('10.0.0.7'), undefined)
  assert.deepEqual(errors, ['cannot keep the story of boots; machines boot on'])
})

test('BootStory does not take a boot that ended for that of a machine which starts now', (t) => {
  const { database, story, boots } = memoryStory(t)
  const old = story.bootOf(MACHINE, 1000)
  boots.record(old.id, { type: 'report.shutdown', at: 2000, kind: 'poweroff' })
  database.exec('PRAGMA query_only = ON') // as a full disk: it can be read
  const now = story.bootOfDhcp(MACHINE, 'ipxe', 9_000_000)
  assert.ok(now)
  assert.notEqual(now.id, old.id)
  assert.equal(story.current(PC7)?.id, now.id)
})

test('BootStory remembers a thousand boots that it could not write, not more', (t) => {
  const { database, story } = memoryStory(t)
  database.close()
  const ids = Array.from({ length: 1001 }, (_, at) => {
    const mac = `52:54:00:00:${[at >> 8, at & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`
    return story.bootOf({ mac }, 1000 + at).id
  })
  assert.deepEqual([story.get(ids[0] ?? ''), story.get(ids[1] ?? '')?.id], [undefined, ids[1]])
})
