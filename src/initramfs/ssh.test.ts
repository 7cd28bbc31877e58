import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspectInitramfs } from './inspect.ts'
import { authorizedKeysPart } from './ssh.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGr admin@desk'

test('authorizedKeysPart() keeps keys, with their options, and leaves out comments and empty lines', async () => {
  const restricted = `restrict,pty ssh-rsa AAAAB3Nza x`
  const [part] = await inspectInitramfs(authorizedKeysPart(`# who\r\n\n${KEY}\r\n  ${restricted}\n`))
  const file = part?.entries.find(({ name }) => name === 'netroot/authorized_keys')
  assert.ok(file?.type === 'file')
  assert.equal(file.mode, 0o600)
  assert.equal(Buffer.from(file.content).toString(), `${KEY}\n${restricted}\n`)
})

test('authorizedKeysPart() refuses a private key, what is no key, and nothing', () => {
  assert.throws(() => authorizedKeysPart('-----BEGIN OPENSSH PRIVATE KEY-----\nabc'), /want the public one/)
  assert.throws(() => authorizedKeysPart(`${KEY}\nhello world`), /Cannot use "hello world" as a public key/)
  assert.throws(() => authorizedKeysPart('# nobody\n'), /there is no public key/)
})
