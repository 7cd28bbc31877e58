import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { madeCertificate } from './made-certificate.ts'

async function directoryOf(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'netroot-certificate-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return join(directory, 'tls')
}

test('madeCertificate() makes one that its authority signed, for addresses and names, whose key is a secret', async (t) => {
  const directory = await directoryOf(t)
  const { cert, key } = await madeCertificate(directory, ['10.0.0.1', 'boot.example.org'])
  const certificate = new X509Certificate(cert)
  const authority = new X509Certificate(await readFile(join(directory, 'ca.crt')))
  assert.ok(authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey))
  assert.ok(certificate.checkIP('10.0.0.1') !== undefined && certificate.checkHost('boot.example.org') !== undefined)
  assert.equal(certificate.checkIP('10.0.0.2'), undefined)
  assert.match(key, /BEGIN PRIVATE KEY/)
  for (const file of ['ca.key', 'server.key']) assert.equal((await stat(join(directory, file))).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(directory), ['ca.crt', 'ca.key', 'server.crt', 'server.key'])
})

test('madeCertificate() keeps its certificate, and its authority when there is another name', async (t) => {
  const directory = await directoryOf(t)
  const first = await madeCertificate(directory, ['10.0.0.1'])
  const authority = await readFile(join(directory, 'ca.crt'), 'utf8')
  assert.deepEqual(await madeCertificate(directory, ['10.0.0.1']), first)
  const second = await madeCertificate(directory, ['10.0.0.2'])
  assert.notEqual(second.cert, first.cert)
  assert.equal(await readFile(join(directory, 'ca.crt'), 'utf8'), authority)
})
