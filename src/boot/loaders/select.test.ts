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
  assert.deepEqual(chooseLoader({ ...BIOS, architecture: 10 }, SERVER), {
    missing: 'no loader for architecture 10 (DHCP option 93)',
  })
})

test('chooseLoader() gives every processor with UEFI a loader, over TFTP and over HTTP', () => {
  const choices = [6, 15, 11, 19, 39, 40].map((architecture) => chooseLoader({ ...BIOS, architecture }, SERVER))
  assert.deepEqual(choices, [
    { bootFile: 'grubia32.efi' },
    { bootFile: 'http://10.77.0.1/loader/grubia32.efi' },
    { bootFile: 'ipxe-arm64.efi' },
    { bootFile: 'http://10.77.0.1/loader/ipxe-arm64.efi' },
    { bootFile: 'ipxe-loong64.efi' },
    { bootFile: 'http://10.77.0.1/loader/ipxe-loong64.efi' },
  ])
})

test('chooseLoader() gives the kind that a profile asks for, even to an iPXE in ROM [AW10]', () => {
  const ipxe = { ...BIOS, isIpxe: true, ipxeHasHttp: true }
  assert.deepEqual(chooseLoader(ipxe, SERVER, 'pxelinux'), { bootFile: 'lpxelinux.0' })
  assert.deepEqual(chooseLoader({ ...BIOS, architecture: 7 }, SERVER, 'grub'), { bootFile: 'shimx64.efi' })
  assert.deepEqual(chooseLoader(ipxe, SERVER, 'ipxe'), { bootFile: 'http://10.77.0.1/boot.ipxe' })
})

test('chooseLoader() says what there is where the kind that is asked for is not', () => {
  assert.deepEqual(chooseLoader({ ...BIOS, architecture: 7 }, SERVER, 'pxelinux'), {
    missing: 'no pxelinux for architecture 7 (DHCP option 93), only ipxe and grub',
  })
})
