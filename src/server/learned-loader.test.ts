import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../config/load.ts'
import { describeClient } from '../protocols/dhcp/client.ts'
import { option, rawOption } from '../protocols/dhcp/options.ts'
import { clientMessage } from '../protocols/dhcp/testing.ts'
import { dhcpAnswers } from './dhcp-answers.ts'
import { firstNetwork } from './dhcp-networks.ts'

const SERVER = { address: '10.0.0.1', httpPort: 80, nfsPort: 2049 }

/** The boot file of a machine that did, or did not, start iPXE before. */
async function bootFileOf(architecture: number, refuses: boolean, loader = '', userClass = ''): Promise<unknown> {
  const text = `interface: eth1\nrange: 10.0.0.5-10.0.0.9\nprofiles: { a: { image: a${loader} } }`
  const { config } = parseConfig(text, 'netroot.yaml')
  const network = firstNetwork(config, { interface: 'eth1', server: { address: '10.0.0.1', prefix: 24 } })
  const vendor = architecture === 16 ? 'HTTPClient:Arch:00016' : 'PXEClient:Arch:00007:UNDI:003016'
  const options = [
    rawOption(option.vendorClass, vendor),
    rawOption(option.architectures, [architecture]),
    ...(userClass === '' ? [] : [rawOption(option.userClass, [userClass])]),
  ]
  const client = describeClient(clientMessage('discover', { options }))
  const answer = dhcpAnswers(config, SERVER, [network], () => refuses)
  return (await answer(client, { address: '10.0.0.5', link: '10.0.0.1', received: 'discover' }))?.bootFile
}

test('dhcpAnswers() sends shim to UEFI that fetched iPXE and did not start it', async () => {
  assert.equal(await bootFileOf(7, false), 'snponly.efi')
  assert.equal(await bootFileOf(7, true), 'shimx64.efi')
  assert.equal(await bootFileOf(16, true), 'http://10.0.0.1/loader/shimx64.efi')
  assert.equal(await bootFileOf(11, true), 'shimaa64.efi')
})

test('dhcpAnswers() keeps to the loader that is named, and to iPXE for what has no Secure Boot', async () => {
  assert.equal(await bootFileOf(7, true, ', loader: ipxe'), 'snponly.efi')
  assert.equal(await bootFileOf(0, true), 'undionly.kpxe')
  assert.equal(await bootFileOf(27, true), 'ipxe-riscv64.efi')
  assert.equal(await bootFileOf(7, true, '', 'iPXE'), 'snponly.efi', 'one without HTTP is replaced by ours')
})
