import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTftpFile, type TftpFiles } from './tftp-files.ts'

const LOADERS = new Map([['undionly.kpxe', { path: import.meta.filename, size: 1, digest: 'ab' }]])
const FILES: TftpFiles = {
  loaders: { get: async (name) => LOADERS.get(name) },
  server: { address: '10.77.0.1', httpPort: 80, nfsPort: 2049 },
}

test('openTftpFile() finds a loader whatever firmware writes before its name', async () => {
  for (const path of ['undionly.kpxe', '/undionly.kpxe', 'boot\\undionly.kpxe']) {
    const source = await openTftpFile(FILES, path)
    assert.ok(source !== undefined, path)
    await source.close()
  }
})

test('openTftpFile() makes the script that iPXE looks for beside itself', async () => {
  const source = await openTftpFile(FILES, 'autoexec.ipxe')
  const bytes = new Uint8Array(source?.size ?? 0)
  await source?.read(bytes, 0)
  assert.match(new TextDecoder().decode(bytes), /^#!ipxe\n[\s\S]*http:\/\/10\.77\.0\.1\/boot\.ipxe/)
})

test('openTftpFile() names nothing but these', async () => {
  for (const path of ['../../etc/passwd', '/etc/passwd', 'netroot.yaml', '', 'undionly.kpxe\0x']) {
    assert.equal(await openTftpFile(FILES, path), undefined, path)
  }
})
