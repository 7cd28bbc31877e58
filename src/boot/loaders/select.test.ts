import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseLoader } from './select.ts'

const SERVER = { address: '10.77.0.1', httpPort: 80, nfsPort: 2049 }
const BIOS = { architecture: 0, vendorClass: 'PXEClient:Arch:00000:UNDI:002001', isIpxe: false, ipxeHasHttp: false }

test('chooseLoader() sends BIOS firmware the iPXE that uses its own network driver', () => {
  assert.deepEqual(chooseLoader(BIOS, SERVER), { bootFile: 'undionly.kpxe' })
})

test('chooseLoader() knows both architecture numbers of x86-64 UEFI', () => {
  for (const architecture of [7, 9]) {
    assert.deepEqual(chooseLoader({ ...BIOS, architecture }, SERVER), { bootFile: 'snponly.efi' })
  }
})

test('chooseLoader() gives iPXE the first script and so never chains iPXE from iPXE', () => {
  const client = { ...BIOS, isIpxe: true, ipxeHasHttp: true }
  assert.deepEqual(chooseLoader(client, SERVER), { bootFile: 'http://10.77.0.1/boot.ipxe' })
})

test('chooseLoader() replaces an iPXE that has no HTTP', () => {
  assert.deepEqual(chooseLoader({ ...BIOS, isIpxe: true }, SERVER), { bootFile: 'undionly.kpxe' })
})

test('chooseLoader() gives firmware that boots by HTTP an address of its loader', () => {
  const client = { ...BIOS, architecture: 16, vendorClass: 'HTTPClient:Arch:00016:UNDI:003001' }
  assert.deepEqual(chooseLoader(client, SERVER), { bootFile: 'http://10.77.0.1/loader/snponly.efi' })
})

test('chooseLoader() says which architecture it has no loader for', () => {
  assert.deepEqual(chooseLoader({ ...BIOS, architecture: 27 }, SERVER), {
    missing: 'no loader for architecture 27 (DHCP option 93)',
  })
})
