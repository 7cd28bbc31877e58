import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import type { MachineOptions } from '../../src/lab/machine-options.ts'
import { Loaders } from '../../src/boot/loaders/files.ts'
import { join } from 'node:path'
import { debianRelease } from '../support/debian.ts'
import { type ForeignRoot, foreignImage } from '../support/foreign-root.ts'
import { bootDirectly } from '../vm/direct.ts'
import { eventOf, serveDebian, showWhatFailed } from '../vm/served.ts'

/* Other releases, kernels and processors, from the loader to the first line of the system's init. */

let served: ServedLab | undefined
showWhatFailed(() => served)

const SYSTEM = /systemd\[1\]: systemd \S+ running in system mode|Welcome to /

async function serve(root: ForeignRoot, options: MachineOptions, cmdline = ''): Promise<ServedLab> {
  const image = await foreignImage(root)
  served = await serveDebian({ firmware: options.firmware ?? 'bios', image, cmdline })
  return served
}

interface Row extends ForeignRoot {
  readonly title: string
  readonly machine?: MachineOptions
}

const ROWS: readonly Row[] = [
  { title: 'Debian 11, Linux 5.10', suite: 'bullseye', architecture: 'amd64', kernel: 'linux-image-amd64' },
  { title: 'Debian 12, Linux 6.1', suite: 'bookworm', architecture: 'amd64', kernel: 'linux-image-amd64' },
  { title: 'Debian sid', suite: 'sid', architecture: 'amd64', kernel: 'linux-image-amd64' },
  {
    title: 'Debian 12 for i386 [JS3, AW14]',
    suite: 'bookworm',
    architecture: 'i386',
    kernel: 'linux-image-686',
    machine: { architecture: 'i386' },
  },
]

describe('distributions', { timeout: 3_600_000 }, () => {
  for (const { title, machine = {}, ...root } of ROWS) {
    test(`${title} boots from our initramfs`, async () => {
      await using lab = await serve(root, machine)
      await using pc = await bootDirectly(lab, { name: 'other', memoryMiB: 1024, ...machine })
      await pc.console.waitFor(SYSTEM, { timeoutMs: 300_000 })
    })
  }

  test('Debian 13 for arm64 boots through its UEFI and iPXE', async () => {
    const machine = { firmware: 'uefi', architecture: 'arm64', memoryMiB: 1536 } as const
    const root = { suite: 'trixie', architecture: 'arm64', kernel: 'linux-image-arm64' }
    const { store } = await debianRelease()
    await new Loaders(join(store.directory, 'cache')).get('ipxe-arm64.efi') // the lab has no way to Debian's archive
    await using lab = await serve(root, machine, 'console=ttyAMA0')
    await using pc = await lab.lab.powerOn({ name: 'arm', ...machine })
    const loader = await eventOf(lab, 'tftp.file')
    assert.equal(loader.name, 'ipxe-arm64.efi')
    await pc.console.waitFor(SYSTEM, { timeoutMs: 600_000 })
  })
})
