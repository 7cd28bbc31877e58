import assert from 'node:assert/strict'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { NETROOT, runToEnd } from '../support/netroot.ts'
import { serve } from '../support/serve.ts'
import { digestOf, makeServedFiles } from '../support/served-files.ts'

const files = await makeServedFiles()
const kept = await mkdtemp(join(tmpdir(), 'netroot-tls-'))
after(async () => {
  await files[Symbol.asyncDispose]()
  await rm(kept, { recursive: true })
})
const authority = join(kept, 'ca.crt')

function curl(url: string, ...options: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return runToEnd('curl', ['-sS', '--noproxy', '*', ...options, url])
}

test('serve http --tls makes a certificate that curl trusts by its authority, and only by that', async () => {
  await using server = await serve('http', files.served, '--tls', '--tls-directory', kept, '--tls-name', 'boot.test')
  const target = files.target()
  await curl(`https://127.0.0.1:${server.port}/file-41943040`, '--cacert', authority, '-o', target)
  assert.equal(await digestOf(target), await digestOf(files.content(41_943_040)))
  const named = [
    '--cacert',
    authority,
    '--resolve',
    `boot.test:${server.port}:127.0.0.1`,
    '-w',
    '%{http_code}',
    '-r',
    '0-9',
    '-o',
    target,
  ]
  assert.equal((await curl(`https://boot.test:${server.port}/file-513`, ...named)).stdout, '206')
  assert.match((await curl(`https://127.0.0.1:${server.port}/file-513`)).stderr, /certificate/)
})

test('serve http --tls goes on after a client that speaks no TLS', async () => {
  await using server = await serve('http', files.served, '--tls', '--tls-directory', kept)
  const plain = request({ host: '127.0.0.1', port: server.port })
  plain.end()
  await once(plain, 'error')
  const { stdout } = await curl(`https://127.0.0.1:${server.port}/file-0`, '--cacert', authority, '-w', '%{http_code}')
  assert.equal(stdout, '200')
})

test('serve http takes a certificate that is given', async () => {
  const [cert, key] = [join(kept, 'given.pem'), join(kept, 'given.key')]
  await copyFile(join(kept, 'server.crt'), cert)
  await copyFile(join(kept, 'server.key'), key)
  await using server = await serve('http', files.served, '--tls-cert', cert, '--tls-key', key)
  const { stdout } = await curl(`https://127.0.0.1:${server.port}/file-0`, '--cacert', authority, '-w', '%{http_code}')
  assert.equal(stdout, '200')
})

test('serve http says what is missing of a certificate', async () => {
  const { status, stderr } = await runToEnd(NETROOT, ['serve', 'http', files.served, '--tls-cert', authority])
  assert.equal(status, 2)
  assert.match(stderr, /--tls-cert and --tls-key go together/)
})
