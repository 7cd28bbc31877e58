import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { silent } from '../sys/log.ts'
import type { ByteSource } from '../storage/byte-source.ts'
import type { BootServices } from './boot-services.ts'
import { memoryStory, PC7 } from './testing.ts'
import { Admission } from './admission.ts'
import { openTftpFile } from './tftp-files.ts'

const LOADERS = new Map([['undionly.kpxe', { path: import.meta.filename, size: 1, digest: 'ab' }]])
const PEER = { address: '10.77.0.7', port: 2070 }

/** What TFTP needs of the services; plans that cannot be made, so that configurations tell why. */
function services(t: TestContext): BootServices {
  const start = (): unknown => ({ kind: 'boot' })
  const prepare = async (): Promise<never> => {
    throw new Error('no image')
  }
  const needed = {
    story: memoryStory(t).story,
    plans: { prepare, start },
    loaders: { get: async (name: string) => LOADERS.get(name) },
    server: { address: '10.77.0.1', httpPort: 80, nfsPort: 2049 },
    log: silent,
    admission: new Admission({ atOnce: 1 }),
  }
  return needed as unknown as BootServices
}

async function textOf(source: ByteSource | undefined): Promise<string | undefined> {
  if (source === undefined) return undefined
  const bytes = new Uint8Array(source.size)
  await source.read(bytes, 0)
  await source.close()
  return new TextDecoder().decode(bytes)
}

test('openTftpFile() finds a loader whatever firmware writes before its name', async (t) => {
  const all = services(t)
  for (const path of ['undionly.kpxe', '/undionly.kpxe', 'boot\\undionly.kpxe']) {
    assert.match((await textOf(await openTftpFile(all, path, PEER))) ?? '', /import/, path)
  }
})

test('openTftpFile() makes the script that iPXE looks for beside itself', async (t) => {
  const text = await textOf(await openTftpFile(services(t), 'autoexec.ipxe', PEER))
  assert.match(text ?? '', /^#!ipxe\n[\s\S]*http:\/\/10\.77\.0\.1\/boot\.ipxe/)
})

test('openTftpFile() makes the configuration of PXELINUX for a MAC address, and tells why it cannot', async (t) => {
  const path = 'pxelinux.cfg/01-52-54-00-00-00-07'
  assert.match(
    (await textOf(await openTftpFile(services(t), path, PEER))) ?? '',
    /^SAY netroot: cannot boot: no image\n[\s\S]*CONFIG pxelinux\.cfg\/01-52-54-00-00-00-07\n/,
  )
})

test('openTftpFile() knows a machine by the address that it was given, where PXELINUX says no more', async (t) => {
  const all = services(t)
  assert.equal(await openTftpFile(all, 'pxelinux.cfg/default', PEER), undefined)
  const boot = all.story.bootOf({ mac: PC7 }, 1)
  const when = { at: 2, speaker: 'firmware', address: PEER.address } as const
  all.story.record(boot.id, { type: 'dhcp.ack', ...when, leaseSeconds: 60 })
  for (const name of ['default', '0A4D0007']) {
    assert.match((await textOf(await openTftpFile(all, `pxelinux.cfg/${name}`, PEER))) ?? '', /^SAY netroot/, name)
  }
  assert.equal(await openTftpFile(all, 'pxelinux.cfg/0A4D', PEER), undefined)
})

test('openTftpFile() leads GRUB from its first script to that of the card', async (t) => {
  const all = services(t)
  const first = (await textOf(await openTftpFile(all, '/grub/grub.cfg', PEER))) ?? ''
  const asked = /^configfile \(tftp,10\.77\.0\.1\)(\S+)/.exec(first)?.[1]?.replace('$net_default_mac', PC7) ?? ''
  assert.match(
    (await textOf(await openTftpFile(all, asked, PEER))) ?? '',
    /^echo 'netroot: cannot boot: no image; trying/,
  )
})

test('openTftpFile() names nothing but these', async (t) => {
  const all = services(t)
  for (const path of ['../../etc/passwd', '/etc/passwd', 'netroot.yaml', '', 'undionly.kpxe\0x', 'boot/x/../../y']) {
    assert.equal(await openTftpFile(all, path, PEER), undefined, path)
  }
})
