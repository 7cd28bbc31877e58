import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { debianRelease, TEST_CACHE } from '../support/debian.ts'
import { NETROOT, start } from '../support/netroot.ts'

const STORE = join(TEST_CACHE, 'store')

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'netroot-demo-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

/** Ending takes a second; who is there a minute after the result waits for something that nobody wants. */
const LINGERS_MS = 60_000

/** Runs to its end what `npm run demo` and `netroot try` run. */
async function show(
  args: readonly string[],
): Promise<{ status: unknown; lines: Record<string, unknown>[]; stderr: string }> {
  const { child, ended } = start(NETROOT, [...args, '--store', STORE, '--json'])
  child.stdin?.end()
  let lingering: NodeJS.Timeout | undefined
  child.stdout?.on('data', (chunk: Buffer) => {
    if (chunk.includes('"result":')) lingering = setTimeout(() => child.kill('SIGABRT'), LINGERS_MS)
  })
  const { status, stdout, stderr } = await ended
  clearTimeout(lingering)
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  return { status, lines, stderr }
}

test('netroot demo builds an image, boots a machine without a disk from it, and ends by itself with status 0', async (t) => {
  const picture = join(await folder(t), 'screen.png')
  const { status, lines, stderr } = await show(['demo', '--screenshot', picture])
  assert.equal(status, 0, stderr)
  const result = lines.at(-1)?.['result'] as Record<string, unknown>
  assert.deepEqual([result['alive'], result['prompt']], [true, true])
  assert.equal((await readFile(picture)).subarray(1, 4).toString(), 'PNG')
})

test('netroot try boots the client that netroot.yaml names, before its machine does', async (t) => {
  await debianRelease()
  const directory = await folder(t)
  const config = join(directory, 'netroot.yaml')
  await writeFile(
    config,
    'interface: eth7\nrange: 192.168.5.100-192.168.5.199\nprofiles:\n  lab: { image: debian }\n' +
      'clients:\n  pc7: { mac: 52:54:00:00:00:07, address: 192.168.5.7 }\n',
  )
  const { child, ended } = start(NETROOT, [
    'try',
    'pc7',
    '--config',
    config,
    '--store',
    STORE,
    '--json',
    '--firmware',
    'bios',
  ])
  child.stdout?.on('data', (chunk: Buffer) => {
    if (chunk.includes('"role":"kernel"')) child.kill('SIGTERM')
  })
  const { status, stdout } = await ended
  assert.match(stdout, /"type":"dhcp\.ack".*"address":"192\.168\.5\.7"/)
  assert.equal(status, 130)
})
