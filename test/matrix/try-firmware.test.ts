import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { run } from '../../src/sys/run.ts'
import { debianRelease } from '../support/debian.ts'
import { NETROOT } from '../support/netroot.ts'

/* `netroot try` with the firmware that boots by HTTP, and the one that starts nothing unsigned. */

const CONFIG = `interface: br0
range: 10.77.0.100-10.77.0.199
profiles: { debian: { image: debian } }
`

describe('netroot try --firmware', { timeout: 900_000 }, () => {
  for (const firmware of ['uefi-http', 'secureboot']) {
    test(`${firmware}: the machine comes to its login prompt, with no loader named`, async (t) => {
      const directory = await mkdtemp(join(tmpdir(), 'netroot-try-'))
      t.after(() => rm(directory, { recursive: true }))
      await writeFile(join(directory, 'netroot.yaml'), CONFIG)
      const { store } = await debianRelease()
      const args = ['try', '--firmware', firmware, '--json', '--store', store.directory]
      const output = (await run(NETROOT, args, { cwd: directory })).toString()
      assert.match(output, /"type":"report\.alive"/)
    })
  }
})
