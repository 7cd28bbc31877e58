import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { databasePath } from '../config/paths.ts'
import { BootLogs } from '../fleet/boot-logs.ts'
import { Boots } from '../fleet/boots.ts'
import { findBoot, follow, openBoots } from './boots-database.ts'
import { bootsCommand } from './boots.ts'
import { whyCommand } from './why.ts'

interface Stage {
  readonly state: string
  readonly boots: Boots
  readonly id: string
}

/** A state directory with one boot of pc7 that the server still writes to. */
function stage(t: TestContext): Stage {
  const state = mkdtempSync(join(tmpdir(), 'netroot-cli-'))
  const database = new DatabaseSync(databasePath(state))
  t.after(() => {
    database.close()
    rmSync(state, { recursive: true })
  })
  const boots = new Boots(database)
  const { id } = boots.begin({ mac: '52:54:00:00:00:07', architecture: 7 }, 1000, 'pc7')
  boots.record(id, { type: 'dhcp.discover', at: 1000, speaker: 'firmware', architecture: 7 })
  boots.record(id, {
    type: 'dhcp.ack',
    at: 1500,
    speaker: 'firmware',
    address: '10.0.0.7',
    leaseSeconds: 3600,
    bootFile: 'x.efi',
  })
  return { state, boots, id }
}

/** What a command prints. */
async function output(command: (print: (text: string) => void) => Command, ...args: string[]): Promise<string> {
  let text = ''
  await command((more) => {
    text += more
  }).parseAsync(args, { from: 'user' })
  return text
}

test('netroot boots lists boots with how far they came', async (t) => {
  const { state, id } = stage(t)
  const text = await output(bootsCommand, '--state', state)
  const [heading, row, ...more] = text.trimEnd().split('\n')
  assert.match(heading ?? '', /^BOOT +MACHINE +ADDRESS +BEGAN +LASTED +CAME TO$/)
  assert.match(
    row ?? '',
    new RegExp(`^${id} +pc7 +10\\.0\\.0\\.7 +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d +0\\.50 s +firmware$`),
  )
  assert.deepEqual(more, [])
})

test('netroot boots show tells the story of a boot, also as JSON', async (t) => {
  const { state, id } = stage(t)
  const show = (...args: string[]) => output(bootsCommand, 'show', ...args)
  const text = await show('pc7', '--state', state)
  assert.match(text, new RegExp(`^pc7 · 52:54:00:00:00:07 · 10\\.0\\.0\\.7 · UEFI · boot ${id}, began `))
  assert.match(text, /\n {4}0\.50 {3}\+0\.50 {2}10\.0\.0\.7 leased for 60 min, loads x\.efi\n/)
  assert.match(text, /\nstuck: the firmware was told to load x\.efi and never asked for it\n/)
  const json = JSON.parse(await show(id, '--state', state, '--json')) as {
    events: unknown[]
    diagnosis: { rule: string }
  }
  assert.equal(json.events.length, 2)
  assert.equal(json.diagnosis.rule, 'no file asked for')
})

test('netroot why says the cause, where it stopped and what to do', async (t) => {
  const { state } = stage(t)
  const text = await output(whyCommand, '52-54-00-00-00-07', '--state', state)
  assert.match(text, /^pc7 · boot /)
  assert.match(text, /\nlast: 10\.0\.0\.7 leased for 60 min, loads x\.efi \(0\.50 s after power-on, /)
  assert.match(text, /\nwhat to do:\n {2}1\. open UDP port 69/)
})

test('follow() yields what the server records, as it does', async (t) => {
  const { state, boots, id } = stage(t)
  using open = openBoots(state)
  const stop = new AbortController()
  const seen: string[] = []
  const following = (async () => {
    for await (const { event } of follow(
      (after) => open.boots.eventsAfter(after),
      open.boots.lastSequence(),
      stop.signal,
    )) {
      seen.push(event.type)
      if (seen.length === 2) stop.abort()
    }
  })()
  boots.record(id, { type: 'server.restarted', at: 2000 })
  await sleep(250)
  boots.record(id, { type: 'report.alive', at: 3000 })
  await following
  assert.deepEqual(seen, ['server.restarted', 'report.alive'])
})

test('findBoot() finds a boot by id, name, MAC address and address, and says what it takes', (t) => {
  const { state, id } = stage(t)
  using open = openBoots(state)
  for (const text of [id, 'pc7', '52:54:00:00:00:07', '10.0.0.7']) assert.equal(findBoot(open.boots, text).id, id)
  assert.throws(() => findBoot(open.boots, 'pc9'), /Cannot find a boot of "pc9", want a boot's id, a client's name/)
})

test('openBoots() says that no server has kept boots there', (t) => {
  const state = mkdtempSync(join(tmpdir(), 'netroot-cli-'))
  t.after(() => rmSync(state, { recursive: true }))
  assert.throws(
    () => openBoots(state),
    /There are no boots in .*; start netroot up, or name the right place with --state/,
  )
  mkdirSync(join(state, 'x'))
  new DatabaseSync(databasePath(join(state, 'x'))).close()
  assert.throws(() => openBoots(join(state, 'x')), /There are no boots in/)
})

test('netroot why --log and boots show --log print what the machine sent', async (t) => {
  const { state, id } = stage(t)
  assert.match(await output(whyCommand, id, '--state', state, '--log'), /^The machine sent no log of this boot/)
  const database = new DatabaseSync(databasePath(state))
  new BootLogs(database).add(id, new TextEncoder().encode('kernel:\n\x1b[2J[0.1] Linux\n'), 2000)
  database.close()
  for (const text of [
    await output(whyCommand, 'pc7', '--state', state, '--log'),
    await output(bootsCommand, 'show', 'pc7', '--state', state, '--log'),
  ]) {
    assert.match(text, /^its log, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\nkernel:\n\[2J\[0\.1\] Linux\n$/)
  }
})

test('openBoots() looks where the netroot.yaml of this directory keeps them', (t) => {
  const { state, id } = stage(t)
  const before = process.cwd()
  const here = mkdtempSync(join(tmpdir(), 'netroot-cwd-'))
  t.after(() => {
    process.chdir(before)
    rmSync(here, { recursive: true })
  })
  process.chdir(here)
  writeFileSync('netroot.yaml', `store: ${state}\nprofiles: nonsense\n`)
  using open = openBoots(undefined)
  assert.equal(open.boots.get(id)?.name, 'pc7')
})
