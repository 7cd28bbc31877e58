import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { CONFIG, NAMED, SERVER, UpNetwork } from './up-network.ts'

const NEW = { mac: '52:54:00:00:00:33', address: '10.7.0.33' } as const
const MORE = `${CONFIG}  pc33: { mac: '${NEW.mac}', address: ${NEW.address} }\n`

test('netroot up goes by a changed netroot.yaml at once, under leases and transfers that go on [HT35, AW27]', async (t) => {
  const net = await UpNetwork.make(t)
  const server = await net.up()
  const [named, newcomer] = [await net.machine('named', NAMED.mac), await net.machine('newcomer', NEW.mac)]
  assert.equal((await named.dhcp('discover'))?.address, NAMED.address)
  assert.equal((await named.dhcp('request', NAMED.address))?.type, 'ack')
  const before = await newcomer.dhcp('discover')
  assert.match(before?.address ?? '', /^10\.7\.0\.1\d\d$/, 'out of the pool')

  await named.takeAddress(NAMED.address)
  const slow = ['-sS', '--limit-rate', '150k', '-o', '/dev/null', '-w', '%{http_code} %{size_download}']
  const transfer = named.spawn('curl', [...slow, `http://${SERVER}/loader/ipxe.efi`])
  let isOver = false
  void transfer.exited.then(() => (isOver = true))
  await writeFile(net.configFile, MORE)
  await server.stdout.waitFor(/^\{"reloaded":/m, { timeoutMs: 30_000 })
  assert.equal(isOver, false, 'the transfer was running when the file was read')

  const after = await newcomer.dhcp('discover')
  assert.deepEqual([after?.address, after?.hostName], [NEW.address, 'pc33'])
  assert.equal((await named.dhcp('request', NAMED.address))?.type, 'ack', 'the lease goes on')
  assert.equal((await transfer.exited).status, 0)
  assert.match(transfer.stdout.text, /^200 \d{6,}$/)
})

test('netroot up refuses a wrong netroot.yaml by file and line, and goes on with what it had [HT35]', async (t) => {
  const net = await UpNetwork.make(t)
  const server = await net.up()
  const machine = await net.machine('named', NAMED.mac)
  await writeFile(net.configFile, MORE.replace('image: specimen', 'image: other'))
  await server.stderr.waitFor(/netroot\.yaml:6:12: There is no image "other"[^]*goes on by what it read/, {
    timeoutMs: 30_000,
  })
  await writeFile(net.configFile, MORE.replace('10.7.0.150', '10.7.0.160'))
  await server.stderr.waitFor(/netroot\.yaml:2:1: range: is read at the start only; start netroot up again for it/, {
    timeoutMs: 30_000,
  })
  assert.equal((await machine.dhcp('discover'))?.address, NAMED.address)
  assert.doesNotMatch(server.stdout.text, /reloaded/)
  await writeFile(net.configFile, MORE)
  await server.stdout.waitFor(/^\{"reloaded":/m, { timeoutMs: 30_000 })
})

test('netroot up reads its file again at SIGHUP', async (t) => {
  const net = await UpNetwork.make(t)
  const server = await net.up()
  await server.kill('SIGHUP')
  await server.stdout.waitFor(/^\{"reloaded":/m, { timeoutMs: 30_000 })
})
