import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ConfigError } from '../config/error.ts'
import { configCommand } from './config.ts'
import { UsageError } from './failure.ts'

const TEXT = `interface: nosuchif0
range: 10.0.0.100-10.0.0.199
profiles:
  debian: { image: debian, cmdline: quiet, hostname: 'pc-{mac}' }
clients:
  pc7: { mac: 52:54:00:00:00:07, address: 10.0.0.7, cmdline: debug }
`

async function run(t: TestContext, text: string, ...args: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'netroot-cli-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'netroot.yaml')
  await writeFile(file, text)
  let output = ''
  const command = configCommand((more) => {
    output += more
  })
  await command.parseAsync([...args, '--config', file], { from: 'user' })
  return output
}

test('netroot config check counts what it found, and says what it could not check', async (t) => {
  assert.match(
    await run(t, TEXT, 'check'),
    /netroot\.yaml: no mistakes \(1 profile, 1 client\); this host has no nosuchif0 with an address/,
  )
})

test('netroot config check holds addresses against the network of the interface', async (t) => {
  await assert.rejects(run(t, TEXT.replace('nosuchif0', 'lo'), 'check'), (error) => {
    assert(error instanceof ConfigError)
    assert.match(
      error.message,
      /netroot\.yaml:2:8: range: 10\.0\.0\.100 is outside the network 127\.0\.0\.0\/8 of the interface/,
    )
    return true
  })
})

test('netroot config show prints the configuration with its defaults', async (t) => {
  const text = await run(t, TEXT, 'show')
  assert.match(text, /^lease: 43200$/m)
  assert.match(text, /^ports:\n {2}http: 80\n {2}nfs: 2049\n {2}tftp: 69$/m)
})

test('netroot config show --client prints what a machine boots', async (t) => {
  assert.deepEqual(JSON.parse(await run(t, TEXT, 'show', '--json', '--client', 'pc7')), {
    client: 'pc7',
    mac: '52:54:00:00:00:07',
    address: '10.0.0.7',
    profile: 'debian',
    image: 'debian',
    initramfs: 'netroot',
    root: ['nfs'],
    writes: 'discard',
    drivers: 'auto',
    modules: [],
    ssh: false,
    commandLine: ['quiet', 'debug'],
    hostname: 'pc7',
  })
  const unnamed = JSON.parse(await run(t, TEXT, 'show', '--json', '--client', '52:54:00:00:00:09')) as {
    hostname: string
  }
  assert.equal(unnamed.hostname, 'pc-525400000009')
  await assert.rejects(run(t, TEXT, 'show', '--client', 'pc9'), (error) => {
    assert(error instanceof UsageError)
    assert.match(error.message, /Cannot find client "pc9", want one of pc7 or a MAC address/)
    return true
  })
})
