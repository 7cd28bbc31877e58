import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { run } from '../../src/sys/run.ts'
import { NETROOT, runToEnd } from '../support/netroot.ts'

const PAGE = 'man/netroot-initramfs.1'

test(`${PAGE} is read without a warning`, async () => {
  const lint = await runToEnd('mandoc', ['-T', 'lint', '-W', 'warning', PAGE])
  assert.deepEqual([lint.status, lint.stdout, lint.stderr], [0, '', ''])
  assert.match((await run('mandoc', ['-T', 'ascii', PAGE])).toString(), /look into one/)
})

test(`${PAGE} has every option of the program, and no other`, async () => {
  const help = await Promise.all(['build', 'show'].map((name) => runToEnd(NETROOT, ['initramfs', name, '--help'])))
  const options = help.flatMap(({ stdout }) =>
    [...stdout.matchAll(/^ {2}(?:-\w, )?--([\w-]+)/gm)].map(([, name]) => name),
  )
  const page = await readFile(PAGE, 'utf8')
  const described = [...page.matchAll(/^\.It (?:Fl \w , )?Fl Fl ([\w-]+)/gm)].map(([, name]) => name)
  assert.deepEqual(new Set(described), new Set(options.filter((name) => name !== 'help')))
})
