import assert from 'node:assert/strict'
import { mkdtempSync, readlinkSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { InUseError, claim } from './claim.ts'

const base = mkdtempSync(join(tmpdir(), 'netroot-claim-'))
after(() => rmSync(base, { recursive: true }))

test('claim() is refused while another process runs that has it, and not when that was killed', async () => {
  const owner = join(base, 'owner')
  const note = `1 ${await startOfInit()}`
  // as a symlink, and as a file, which earlier versions wrote
  for (const make of [() => symlinkSync(note, owner), () => writeFileSync(owner, note)]) {
    make()
    await assert.rejects(
      claim(base),
      (error) => error instanceof InUseError && /in use by process 1:/.test(error.message),
    )
    unlinkSync(owner)
  }
  writeFileSync(owner, '1 17') // another process had this number
  const release = await claim(base)
  assert.ok(readlinkSync(owner).startsWith(`${process.pid} `))
  await release()
  assert.throws(() => readlinkSync(owner), /ENOENT/)
})

async function startOfInit(): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  const text = await readFile('/proc/1/stat', 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
