import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Transcript } from './transcript.ts'

test('waitFor() finds a pattern wherever the text is cut', async () => {
  const text = 'Debian GNU/Linux 13 pc1 ttyS0\n\npc1 login: '
  for (let cut = 0; cut <= text.length; cut++) {
    const transcript = new Transcript({ name: 'console' })
    const waiting = transcript.waitFor(/(\w+) login: /, { timeoutMs: 1000 })
    transcript.append(text.slice(0, cut))
    transcript.append(text.slice(cut))
    assert.equal((await waiting).groups[1], 'pc1')
  }
})

test('waitFor() sees what came before it was called, and with `from` only what comes later', async () => {
  const transcript = new Transcript({ name: 'console' })
  transcript.append('login: ')
  const first = await transcript.waitFor('login: ')
  assert.deepEqual(first, { text: 'login: ', groups: ['login: '], end: 7 })
  const second = transcript.waitFor('login: ', { from: first.end })
  transcript.append('again\nlogin: ')
  assert.equal((await second).end, 20)
})

test('waitFor() takes a string as it stands, and heeds no g or y of a pattern', async () => {
  const transcript = new Transcript({ name: 'console' })
  transcript.append('a+b (c) [d]')
  assert.equal((await transcript.waitFor('a+b (c) [d]')).end, 11)
  assert.equal((await transcript.waitFor(/\[d/gy)).end, 10)
})

test('waitFor() rejects with the report when the time is over', async () => {
  const transcript = new Transcript({ name: 'console of pc1', report: async () => 'REPORT' })
  await assert.rejects(transcript.waitFor(/login/, { timeoutMs: 20 }), {
    name: 'TranscriptError',
    message: 'The console of pc1 did not show /login/: it did not within 0.02 s\nREPORT',
  })
})

test('waitFor() rejects with the last lines when the text ends, also later', async () => {
  const transcript = new Transcript({ name: 'output' })
  const waiting = transcript.waitFor('ready')
  transcript.append('cannot start\n')
  transcript.end('the program ended (status 1)')
  const expected = { message: 'The output did not show ready: the program ended (status 1)\ncannot start' }
  await assert.rejects(waiting, expected)
  await assert.rejects(transcript.waitFor('ready'), expected)
  assert.equal((await transcript.waitFor('cannot')).end, 6)
})

test('waitFor() rejects with the reason of its signal', async () => {
  const stop = new AbortController()
  const waiting = new Transcript({ name: 'console' }).waitFor('x', { signal: stop.signal })
  stop.abort(new Error('Ctrl-C'))
  await assert.rejects(waiting, { message: 'Ctrl-C' })
})

test('Transcript keeps a bounded text and goes on finding', async () => {
  const transcript = new Transcript({ name: 'console', limit: 1000 })
  for (let i = 0; i < 500; i++) transcript.append(`line ${i}\n`)
  assert.ok(transcript.text.length <= 1000)
  assert.equal((await transcript.waitFor('line 499\n')).end, transcript.position)
  const later = transcript.waitFor('end', { from: transcript.position })
  transcript.append('the end')
  assert.equal((await later).end, transcript.position)
})
