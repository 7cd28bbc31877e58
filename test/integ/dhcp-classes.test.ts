import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { CARD, UpNetwork } from './up-network.ts'

/* Machines that nobody named get the profile of their class, by what ISC dhclient says of them. */

const CONFIG = `interface: br0
range: 10.7.0.100-10.7.0.150
default: specimen
unknown: ignore
profiles:
  specimen: { image: specimen, hostname: 'plain-{mac}' }
  arm: { inherit: specimen, hostname: 'arm-{mac}' }
  one: { inherit: specimen, hostname: 'one-{mac}' }
  efi: { inherit: specimen, hostname: 'efi-{mac}', loader: grub }
  kiosk: { inherit: specimen, hostname: 'kiosk-{mac}' }
classes:
  by-uuid: { uuid: 8A3C6E42-0001-4000-8000-525400123456, profile: one }
  by-arch: { arch: [11, 19], profile: arm }
  both: { arch: 7, vendorClass: 'PXEClient:*:UNDI:003016', profile: efi }
  by-user-class: { userClass: kiosk, profile: kiosk }
clients:
  pc7: { mac: '52:54:00:00:00:67', profile: specimen }
`
const HEAD = `option arch code 93 = unsigned integer 16;
option machine-uuid code 97 = string;
option bootfile-name code 67 = text;
request host-name, bootfile-name;
`
const UUID = 'send machine-uuid 00:42:6e:3c:8a:01:00:00:40:80:00:52:54:00:12:34:56;'
const pxe = (arch: string, undi = '003016'): string =>
  `send vendor-class-identifier "PXEClient:Arch:000${arch}:UNDI:${undi}"; send arch ${Number(arch)};`

/** What dhclient is told; undefined for no answer. */
async function told(net: UpNetwork, mac: string, says: string): Promise<{ host?: string; file?: string } | undefined> {
  const name = `pc${mac.slice(-2)}`
  const machine = await net.machine(name, mac)
  const [conf, leases] = [join(net.directory, `${name}.conf`), join(net.directory, `${name}.leases`)]
  await writeFile(conf, `timeout 4;\n${HEAD}${says}\n`)
  await writeFile(leases, '')
  const files = ['-cf', conf, '-lf', leases, '-pf', join(net.directory, `${name}.pid`)]
  const dhclient = machine.spawn('dhclient', ['-1', '-v', '-d', '-sf', '/bin/true', ...files, CARD])
  const bound = dhclient.stderr.waitFor(/bound to|Unable to obtain/, { timeoutMs: 20_000 })
  await bound
  await dhclient.kill()
  const text = await readFile(leases, 'utf8')
  const [, host] = /host-name "([^"]+)"/.exec(text) ?? []
  const [, file] = /bootfile-name "([^"]+)"/.exec(text) ?? []
  if (host === undefined) return undefined
  return { host, ...(file === undefined ? {} : { file: file.replace('\\000', '') }) }
}

test('up gives machines the profile of their class: by arch, UUID, vendor class and user class', async (t: TestContext) => {
  const net = await UpNetwork.make(t)
  await net.up({ config: CONFIG })
  assert.deepEqual(await told(net, '52:54:00:00:00:61', pxe('11')), {
    host: 'arm-525400000061',
    file: 'ipxe-arm64.efi',
  })
  assert.equal((await told(net, '52:54:00:00:00:62', `${pxe('00')} ${UUID}`))?.host, 'one-525400000062')
  assert.deepEqual(await told(net, '52:54:00:00:00:63', pxe('07')), { host: 'efi-525400000063', file: 'shimx64.efi' })
  assert.equal(await told(net, '52:54:00:00:00:64', pxe('07', '003001')), undefined, 'one of two does not hold')
  assert.equal((await told(net, '52:54:00:00:00:65', 'send user-class "kiosk";'))?.host, 'kiosk-525400000065')
  assert.equal(await told(net, '52:54:00:00:00:66', ''), undefined, 'of no class, and unknown: ignore')
  assert.equal((await told(net, '52:54:00:00:00:67', pxe('11')))?.host, 'pc7', 'a client is a client')
})

test('up keeps a machine in its class when a later stage says nothing of it', async (t) => {
  const net = await UpNetwork.make(t)
  await net.up({ config: CONFIG })
  const mac = '52:54:00:00:00:61'
  await told(net, mac, pxe('11'))
  await net.run('ip', ['link', 'del', 'pc61']) // at once; with the namespace it would go some time later
  await net.run('ip', ['netns', 'del', 'pc61'])
  assert.equal((await told(net, mac, 'send vendor-class-identifier "netroot";'))?.host, 'arm-525400000061')
})
