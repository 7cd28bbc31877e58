import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CARD, CONFIG, type Machine, NAMED, UpNetwork } from './up-network.ts'

/* `netroot up` with `ipv6:`: what firmware, iPXE and initramfs are told, and fetch, over IPv6. */

const STEP = fileURLToPath(new URL('up-dhcp6-step.ts', import.meta.url))
const IPV6 = `ipv6: { prefix: "fd77::/64", range: "fd77::100-fd77::1ff" }\n`
const WITH_IPV6 = CONFIG.replace(`    address: ${NAMED.address}\n`, `    address6: fd77::7\n`) + IPV6
const READY = `until ip -6 addr show dev ${CARD} scope link | grep -v tentative | grep -q inet6; do sleep 0.1; done`

/** One message by DHCPv6, and what it was answered. */
async function ask(machine: Machine, vendor = '', architecture = 7): Promise<{ address: string; bootFile: string }> {
  const node = ['--disable-warning=ExperimentalWarning', STEP]
  const { stdout } = await machine.run(process.execPath, [...node, CARD, machine.mac, vendor, String(architecture)])
  return JSON.parse(stdout) as { address: string; bootFile: string }
}

test('a machine boots over IPv6 alone from netroot up, and its story tells it [HT30]', async (t) => {
  const network = await UpNetwork.make(t)
  await network.run('ip', ['addr', 'add', 'fd77::1/64', 'dev', 'br0']) // still on trial when the server starts
  await network.up({ config: WITH_IPV6 })
  const pc = await network.machine(NAMED.name, NAMED.mac)
  await pc.run('timeout', ['10', 'sh', '-c', READY])

  const bootFile = 'tftp://[fd77::1]/snponly.efi'
  assert.deepEqual(await ask(pc, 'PXEClient:Arch:00007:UNDI:003016'), { address: 'fd77::7', bootFile })
  const http = await ask(pc, 'HTTPClient:Arch:00016:UNDI:003001', 16)
  assert.deepEqual(http, { address: 'fd77::7', bootFile: 'http://[fd77::1]/loader/snponly.efi' })
  await pc.run('ip', ['addr', 'add', 'fd77::7/64', 'dev', CARD, 'nodad'])
  const byHttp = await pc.get(http.bootFile)
  assert.deepEqual(await pc.get(bootFile), byHttp)
  assert.match((await pc.get('tftp://[fd77::1]/autoexec.ipxe')).toString(), /chain .* http:\/\/\[fd77::1\]\/boot\.ipxe/)

  assert.match((await pc.get('http://[fd77::1]/boot.ipxe')).toString(), /http:\/\/\[fd77::1\]\/ipxe\?mac=/)
  const script = (await pc.get(`http://[fd77::1]/ipxe?mac=${NAMED.mac}`)).toString()
  assert.match(
    script,
    /^kernel .*http:\/\/\[fd77::1\]\/release\/.* netroot\.server=http:\/\/\[fd77::1\] ip=dhcp6 quiet/m,
  )
  const plan = /http:\S+client\.cpio/.exec(script)?.[0] ?? ''
  assert.match((await pc.get(plan)).toString('latin1'), /NETROOT_ROOTS='nfs:\/\/\[fd77::1\]:2049\/release\//)
  const [kernel = ''] = /http:\S+\/kernel\/\S+/.exec(script) ?? []
  assert.ok((await pc.get(kernel)).length > 0)
  assert.deepEqual((await ask(pc)).address, 'fd77::7') // the initramfs
  assert.ok((await network.listening()).includes('tcp [fd77::1]:2049'))

  const story = (await network.netroot(['boots', 'show', NAMED.name, '--state', network.state])).stdout
  assert.match(story, /firmware asks for an IPv6 address \(UEFI\)[\s\S]*fd77::7 leased[\s\S]*snponly\.efi/)
  assert.match(story, /iPXE script[\s\S]*kernel sent[\s\S]*initramfs asks for an IPv6 address/)
  const why = (await network.netroot(['why', NAMED.name, '--state', network.state])).stdout
  assert.match(why, /fd77::7/)
})

test('an interface without an address of the network is named, with what to type', async (t) => {
  const network = await UpNetwork.make(t)
  const { status, stderr } = await network.upFails({ config: CONFIG + IPV6 })
  assert.equal(status, 2)
  assert.match(
    stderr,
    /netroot\.yaml:\d+:\d+:.*Cannot serve IPv6 on br0: it has no IPv6 address, want one of fd77::\/64/,
  )
})
