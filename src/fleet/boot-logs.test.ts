import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { BootLogs, BootLogsReader } from './boot-logs.ts'
import { Boots } from './boots.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function open(t: TestContext, boots = 1): { logs: BootLogs; ids: string[]; database: DatabaseSync } {
  const database = new DatabaseSync(':memory:')
  t.after(() => database.close())
  const all = new Boots(database)
  const ids = Array.from({ length: boots }, (_, at) => all.begin({ mac: '52:54:00:00:00:07' }, at).id)
  return { logs: new BootLogs(database), ids, database }
}

test('BootLogs keeps what a machine sent, without what terminals obey', (t) => {
  const { logs, ids } = open(t)
  const [id = ''] = ids
  logs.add(id, bytes('kernel:\n\x1b[2J[0.1] Linux\r\ninit:\nno lease\n'), 7)
  assert.deepEqual(logs.of(id), [{ at: 7, source: 'http', text: 'kernel:\n[2J[0.1] Linux\ninit:\nno lease' }])
})

test('BootLogs joins the lines that come by syslog', (t) => {
  const { logs, ids } = open(t)
  const [id = ''] = ids
  logs.addLines(id, ['one', 'two\x07'], 1)
  logs.addLines(id, ['three\nx'], 2)
  assert.deepEqual(logs.of(id), [{ at: 1, source: 'syslog', text: 'one\ntwo\nthree x' }])
})

test('BootLogs is bounded: in each piece, in the pieces of a boot, and in boots', (t) => {
  const { logs, ids, database } = open(t, 301)
  const [first = '', second = ''] = ids
  logs.add(first, bytes(`${'x'.repeat(300_000)}end`), 1)
  assert.equal(logs.of(first)[0]?.text.length, 131_072)
  assert.match(logs.of(first)[0]?.text ?? '', /end$/)
  for (let at = 2; at < 40; at += 1) logs.add(first, bytes(`piece ${at}`), at)
  assert.equal(logs.of(first).length, 24)
  assert.deepEqual([logs.of(first)[1]?.text, logs.of(first).at(-1)?.text], ['piece 2', 'piece 39'])
  for (const id of ids.slice(1)) logs.add(id, bytes('log'), 50)
  assert.deepEqual([logs.of(first).length, logs.of(second).length], [0, 1])
  assert.equal(database.prepare('SELECT count(DISTINCT boot) AS n FROM boot_logs').get()?.['n'], 300)
})

test('BootLogs keeps nothing of a boot that nobody knows', (t) => {
  const { logs } = open(t)
  logs.add('zzzzzz', bytes('x'), 1)
  logs.addLines('zzzzzz', ['x'], 1)
  assert.deepEqual(logs.of('zzzzzz'), [])
})

test('BootLogsReader has none in the database of an older server', (t) => {
  const database = new DatabaseSync(':memory:')
  t.after(() => database.close())
  assert.deepEqual(new BootLogsReader(database).of('k7m2qa'), [])
})
