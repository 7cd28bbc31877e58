import assert from 'node:assert/strict'
import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { CpioEntry } from '../formats/cpio/entry.ts'
import { textFile, writeCpio } from '../formats/cpio/write.ts'
import { clientFiles } from './client-files.ts'
import { APPLETS } from './contents.ts'
import { temporaryDirectory, writeFiles } from './testing.ts'
import { buildTools } from './tools.ts'

const CLIENT = {
  init: '#!/bin/sh\n',
  'lib/log.sh': '# functions\n',
  'roots/nfs.sh': '#\n',
  'handover/ifupdown.sh': '#\n',
  'dhcp/answer': '#!/bin/sh\n',
}

async function clientDirectory() {
  const directory = await temporaryDirectory()
  await writeFiles(directory.path, CLIENT)
  await Promise.all(['init', 'dhcp/answer'].map((name) => chmod(join(directory.path, name), 0o700)))
  return directory
}

test('clientFiles() puts init at the root and the rest below /netroot, modes whatever the umask was', async () => {
  await using directory = await clientDirectory()
  const files = await clientFiles(directory.path)
  assert.deepEqual(
    files.map(({ name, mode }) => [name, mode.toString(8)]),
    [
      ['netroot/dhcp/answer', '755'],
      ['netroot/handover/ifupdown.sh', '644'],
      ['init', '755'],
      ['netroot/lib/log.sh', '644'],
      ['netroot/roots/nfs.sh', '644'],
    ],
  )
})

test('clientFiles() leaves backups of editors out [JS12]', async () => {
  await using directory = await clientDirectory()
  const before = await clientFiles(directory.path)
  await writeFiles(directory.path, { 'init~': '', 'lib/log.sh~': '', 'lib/.log.sh.swp': '', 'lib/#log.sh#': '' })
  assert.deepEqual(await clientFiles(directory.path), before)
})

test('clientFiles() refuses a script that is not executable, and a directory that is not there [JS11]', async () => {
  await using directory = await clientDirectory()
  await chmod(join(directory.path, 'dhcp/answer'), 0o644)
  await assert.rejects(clientFiles(directory.path), /dhcp\/answer is not executable, type: chmod \+x .*dhcp\/answer/)
  await rm(join(directory.path, 'roots'), { recursive: true })
  await assert.rejects(clientFiles(directory.path), /Cannot build the initramfs: .*roots is missing/)
})

/** What busyboxApplets() takes for a busybox. */
function busyboxWith(applets: readonly string[]): Buffer {
  return Buffer.from(`\x7fELF${[...new Set(['[', '[[', ...applets])].toSorted().join('\0')}\0\0`, 'latin1')
}

const CLIENT_FILES = [textFile('init', '#!/bin/sh\n', 0o755), textFile('netroot/lib/log.sh', '')]

test('buildTools() makes an archive that the kernel can run init from', () => {
  const entries = buildTools({ busybox: busyboxWith(APPLETS), busyboxName: 'busybox', client: CLIENT_FILES })
  const named = new Map<string, CpioEntry>(entries.map((entry) => [entry.name, entry]))
  assert.doesNotThrow(() => writeCpio(entries))
  assert.deepEqual(named.get('dev/console'), {
    type: 'character',
    name: 'dev/console',
    mode: 0o600,
    device: { major: 5, minor: 1 },
  })
  assert.deepEqual(named.get('bin/sh'), { type: 'symlink', name: 'bin/sh', target: 'busybox' })
  assert.deepEqual(named.get('sbin'), { type: 'symlink', name: 'sbin', target: 'bin' })
  for (const name of ['init', 'bin/busybox']) assert.equal((named.get(name) as { mode: number }).mode, 0o755)
})

test('buildTools() refuses a busybox that lacks an applet [FB12]', () => {
  const busybox = busyboxWith(APPLETS.filter((name) => name !== 'udhcpc' && name !== 'awk'))
  assert.throws(
    () => buildTools({ busybox, busyboxName: 'busybox 1.0', client: CLIENT_FILES }),
    /Cannot use busybox 1.0: it lacks awk, udhcpc$/,
  )
})

test('buildTools() gives the same bytes from the same files', async () => {
  await using one = await clientDirectory()
  await using two = await clientDirectory()
  await writeFile(join(two.path, 'init'), CLIENT.init) // later
  const [a, b] = await Promise.all(
    [one, two].map(async ({ path }) => {
      const client = await clientFiles(path)
      return Buffer.concat(writeCpio(buildTools({ busybox: busyboxWith(APPLETS), busyboxName: 'busybox', client })))
    }),
  )
  assert.deepEqual(a, b)
})
