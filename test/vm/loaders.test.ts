import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Loaders } from '../../src/boot/loaders/files.ts'
import { USUAL_LOADERS } from '../../src/boot/loaders/select.ts'
import type { MachineOptions } from '../../src/lab/machine-options.ts'
import type { ServedLab, ToldEvent } from '../../src/lab/served-lab.ts'
import { debianRelease } from '../support/debian.ts'
import { eventOf, serveDebian, showWhatFailed, storyText } from './served.ts'

/* Machines that start with another loader than iPXE, up to the switch to the real system. */

let served: ServedLab | undefined
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

async function bootWith(profile: string, options: MachineOptions): Promise<ServedLab> {
  await served?.[Symbol.asyncDispose]()
  await fetchLoaders()
  served = await serveDebian({ firmware: options.firmware ?? 'bios', profile })
  const machine = await served.lab.powerOn(options)
  await eventOf(served, 'report.switch')
  await machine.quit()
  return served
}

/** The lab's server has no way to Debian's archive. */
async function fetchLoaders(): Promise<void> {
  const { store } = await debianRelease()
  const loaders = new Loaders(join(store.directory, 'cache'))
  for (const name of Object.values(USUAL_LOADERS).flat()) await loaders.get(name)
}

/** Names of the files that came whole over TFTP. */
function sentOverTftp({ events }: ServedLab): string[] {
  return events.flatMap(({ event }) =>
    event.type === 'tftp.file' && event.outcome === 'sent' ? [event.role ?? event.name] : [],
  )
}

describe('loaders', { timeout: 900_000 }, () => {
  test('a BIOS machine boots through PXELINUX, its configuration by MAC address, its files over HTTP [JS13]', async () => {
    const lab = await bootWith('loader: pxelinux', { name: 'pxl' })
    const names = sentOverTftp(lab)
    assert.deepEqual(names.slice(0, 2), ['lpxelinux.0', 'ldlinux.c32'])
    assert.match(names.at(-1) ?? '', /^pxelinux\.cfg\/01-52-54-00-/)
    assert.ok(lab.events.some(({ event }) => event.type === 'http.file' && event.role === 'drivers'))
    assert.match(await storyText(lab), /lpxelinux\.0 sent[\s\S]*kernel sent/)
  })

  test('a machine with Secure Boot on boots through shim, GRUB and the signed kernel', async () => {
    const lab = await bootWith('loader: grub', { name: 'sb', firmware: 'secureboot', memoryMiB: 2048 })
    const names = sentOverTftp(lab)
    assert.equal(names[0], 'shimx64.efi')
    assert.ok(names.includes('grubx64.efi'), names.join(' '))
    assert.deepEqual(names.slice(-4).toSorted(), ['client', 'drivers', 'kernel', 'tools'])
    assert.doesNotMatch(await storyText(lab), /revocations|\.lst/)
  })
  test('UEFI that boots by HTTP gets the loader by HTTP, and nothing comes over TFTP [AW9]', async () => {
    const lab = await bootWith('loader: ipxe', { name: 'uh', firmware: 'uefi-http' })
    const fetched = lab.events.flatMap(({ event }) => (event.type === 'http.file' ? [event.path] : []))
    assert.match(fetched[0] ?? '', /\/loader\/snponly\.efi$/)
    assert.ok(!lab.events.some(({ event }) => event.type === 'tftp.file' && event.outcome === 'sent'))
  })

  test('a machine with Secure Boot that refused iPXE is sent shim when it comes back, where no loader is named', async () => {
    await served?.[Symbol.asyncDispose]()
    await fetchLoaders()
    served = await serveDebian({ firmware: 'secureboot' })
    const machine = await served.lab.powerOn({ name: 'learn', firmware: 'secureboot', memoryMiB: 2048 })
    const isRefused = ({ event }: ToldEvent): boolean => event.type === 'tftp.file' && event.bytes > 100_000
    await served.waitForEvent(isRefused, { timeoutMs: 120_000 })
    await sleep(3000) // the firmware looks at the signature, and goes on to whatever it has next
    await machine.reset()
    await eventOf(served, 'report.switch', { timeoutMs: 240_000 })
    assert.equal(sentOverTftp(served)[0], 'snponly.efi')
    assert.match(await storyText(served), /is sent shim and GRUB: it fetched iPXE and did not start it/)
    await machine.quit()
  })

  test('UEFI that boots by HTTP goes through shim and GRUB too', async () => {
    const lab = await bootWith('loader: grub', { name: 'ug', firmware: 'uefi-http', memoryMiB: 2048 })
    const fetched = lab.events.flatMap(({ event }) => (event.type === 'http.file' ? [event.path] : []))
    assert.match(fetched[0] ?? '', /\/loader\/shimx64\.efi$/)
  })
})
