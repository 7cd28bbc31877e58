import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseConfig } from '../config/load.ts'
import { sshKeys } from './ssh-keys.ts'
import { temporaryDirectory } from './testing.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVtcHR5 admin'
const SMALL = 'interface: eth1\nrange: 10.0.0.100-10.0.0.199\nprofiles:\n  debian: { image: debian }\n'

test('sshKeys() reads the keys of a file beside netroot.yaml, or those that stand in it', async (t) => {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'keys.pub'), `# admins\n${KEY}\n`)
  const file = join(directory, 'netroot.yaml')
  assert.match(await sshKeys(parseConfig(`${SMALL}ssh: keys.pub\n`, file)), /ssh-ed25519/)
  assert.equal(await sshKeys(parseConfig(`${SMALL}ssh: [${KEY}]\n`, file)), KEY)
  assert.equal(await sshKeys(parseConfig(SMALL, file)), '')
})

test('sshKeys() names the line of netroot.yaml whose file is missing, is empty or holds a private key', async (t) => {
  const directory = await temporaryDirectory(t)
  const file = join(directory, 'netroot.yaml')
  const loaded = parseConfig(`${SMALL}ssh: keys\n`, file)
  await assert.rejects(sshKeys(loaded), /netroot\.yaml:5:6: ssh: ENOENT/)
  await writeFile(join(directory, 'keys'), '-----BEGIN OPENSSH PRIVATE KEY-----\n')
  await assert.rejects(sshKeys(loaded), /5:6: ssh: .*private key/)
  await writeFile(join(directory, 'keys'), '# nobody\n')
  await assert.rejects(sshKeys(loaded), /5:6: ssh: .*no public key/)
})
