import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { CONFIG, NAMED, UpNetwork } from './up-network.ts'

// All of HTTP over HTTPS, for firmware and tools that are given such a URL.

test('netroot up serves over HTTPS what it serves over HTTP, with a certificate that it made for its address', async (t) => {
  const net = await UpNetwork.make(t)
  await net.up({ config: `${CONFIG}https: { names: [boot.test] }\n` })
  const machine = await net.machine('pc', NAMED.mac)
  await machine.takeAddress(NAMED.address)
  const authority = join(net.state, 'tls', 'ca.crt')
  const trusting = ['-f', '--cacert', authority]
  assert.equal(await machine.status([...trusting, 'https://10.7.0.1/boot.ipxe']), 200)
  assert.equal(await machine.status([...trusting, 'https://10.7.0.1/loader/ipxe.efi']), 200)
  const named = ['--resolve', 'boot.test:443:10.7.0.1', `https://boot.test/ipxe?mac=${NAMED.mac}`]
  assert.equal(await machine.status([...trusting, ...named]), 200)
  await assert.rejects(machine.status(['https://10.7.0.1/boot.ipxe']), /certificate/)
  assert.match((await machine.get('/boot.ipxe')).toString(), /^#!ipxe/, 'HTTP is there as ever')
})

test('netroot up takes a certificate that is given, and names the line of one that does not fit', async (t) => {
  const net = await UpNetwork.make(t)
  const first = await net.up({ config: `${CONFIG}https: {}\n` })
  await first.stop()
  const made = join(net.state, 'tls')
  await writeFile(join(net.directory, 'own.key'), await readFile(join(made, 'ca.key')))
  const wrong = await net.upFails({ config: `${CONFIG}https: { certificate: ${made}/server.crt, key: own.key }\n` })
  assert.equal(wrong.status, 2)
  assert.match(wrong.stderr, /netroot\.yaml:13:8: https: .*key values mismatch/)
  await net.up({ config: `${CONFIG}https: { port: 8443, certificate: ${made}/server.crt, key: ${made}/server.key }\n` })
  const machine = await net.machine('pc', NAMED.mac)
  await machine.takeAddress(NAMED.address)
  const trusting = ['-f', '--cacert', join(made, 'ca.crt')]
  assert.equal(await machine.status([...trusting, 'https://10.7.0.1:8443/boot.ipxe']), 200)
})
