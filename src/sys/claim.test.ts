import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync } from 'node:fs'
import { mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { InUseError, claim } from './claim.ts'

async function temporary(t: TestContext): Promise<string> {
  const base = await mkdtemp(join(tmpdir(), 'netroot-claim-'))
  t.after(() => rm(base, { recursive: true }))
  return base
}

test('claim() is refused while another process runs that has noted itself, and not when that was killed', async (t) => {
  const base = await temporary(t)
  const note = `1 ${await startOfInit()}`
  // without a lock, as a symlink and as a file, as earlier versions wrote it
  for (const make of [() => symlink(note, join(base, 'owner')), () => writeFile(join(base, 'owner'), note)]) {
    await make()
    await assert.rejects(
      claim(base),
      (error) => error instanceof InUseError && /in use by process 1:/.test(error.message),
    )
    await rm(join(base, 'owner'))
  }
  await writeFile(join(base, 'owner'), '1 17') // another process had this number
  const release = await claim(base)
  assert.match(await readlink(join(base, 'owner')), new RegExp(`^${process.pid} \\d+ ${hostname()}$`))
  await (await claim(base))() // a second one of the same process leaves it to the first
  assert.ok(lstatSync(join(base, 'owner')).isSymbolicLink())
  await release()
  assert.throws(() => lstatSync(join(base, 'owner')), /ENOENT/)
})

test('claim() is held by a process on another host until that has ended, which its note alone does not tell', async (t) => {
  const base = await temporary(t)
  const module = fileURLToPath(new URL('./claim.ts', import.meta.url))
  const script = `await (await import('${module}')).claim('${base}'); console.log('claimed'); setInterval(() => {}, 1e6)`
  const other = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => other.kill('SIGKILL'))
  await once(other.stdout, 'data')
  await rm(join(base, 'owner'))
  await symlink(`${other.pid} 17 elsewhere`, join(base, 'owner'))
  await assert.rejects(claim(base), new RegExp(`${base} is in use by process ${other.pid} on elsewhere: stop it first`))
  const gone = once(other, 'close')
  other.kill('SIGKILL')
  await gone
  await (await claim(base))()
})

async function startOfInit(): Promise<string> {
  const text = await readFile('/proc/1/stat', 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
