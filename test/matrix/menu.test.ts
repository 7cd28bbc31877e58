import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, describe, test } from 'node:test'
import { Loaders } from '../../src/boot/loaders/files.ts'
import { USUAL_LOADERS } from '../../src/boot/loaders/select.ts'
import type { Machine } from '../../src/lab/machine.ts'
import type { MachineOptions } from '../../src/lab/machine-options.ts'
import { ServedLab } from '../../src/lab/served-lab.ts'
import { debianRelease } from '../support/debian.ts'
import { eventOf, showWhatFailed, storyText } from '../vm/served.ts'

/* A menu under each loader: left alone, and with a key pressed. What was chosen reaches the machine's kernel. */

let served: ServedLab | undefined
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

/** @param timeout of the menu; a test that presses a key leaves it time to stand on the screen of a slow host */
async function serveMenu(
  loader: string,
  options: MachineOptions,
  timeout = '8s',
): Promise<{ served: ServedLab; machine: Machine }> {
  await served?.[Symbol.asyncDispose]()
  const { store } = await debianRelease()
  const loaders = new Loaders(join(store.directory, 'cache')) // the lab's server has no way to Debian's archive
  for (const name of Object.values(USUAL_LOADERS).flat()) await loaders.get(name)
  const config = `interface: br0
range: 10.77.0.100-10.77.0.199
default: pick
profiles:
  debian: { image: debian, cmdline: console=tty0 console=ttyS0 test.profile=first }
  other: { inherit: debian, cmdline: test.profile=second }
  pick: { loader: ${loader}, menu: { timeout: ${timeout}, entries: [debian, other, local] } }
`
  served = await ServedLab.open({ config, store: store.directory, firmwares: [options.firmware ?? 'bios'] })
  return { served, machine: await served.lab.powerOn(options) }
}

/** Presses a key until the machine has chosen: nobody knows when its menu stands on the screen. */
async function press(lab: ServedLab, machine: Machine, key: string): Promise<void> {
  await eventOf(lab, 'boot.menu')
  const chosen = (): boolean => lab.events.some(({ event }) => /^boot\.(?:chosen|local)$/.test(event.type))
  for (const end = performance.now() + 180_000; performance.now() < end && !chosen(); ) {
    await machine.pressKey(key)
    await sleep(250)
  }
}

/** The words of the profile that the machine's kernel was started with. */
async function testWords(machine: Machine): Promise<string[]> {
  const { text } = machine.console
  return [...(/Command line: (.*)/.exec(text)?.[1]?.matchAll(/test\.profile=(\w+)/g) ?? [])].map(
    ([, word = '']) => word,
  )
}

/** A disk whose first sector writes a line through the BIOS and stops. */
async function makeDisk(directory: string): Promise<string> {
  const code = [
    0xfc, 0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x14, 0x7c, 0xac, 0x84, 0xc0, 0x74, 0x06, 0xb4, 0x0e, 0xcd, 0x10, 0xeb, 0xf5,
    0xf4,
  ]
  // cld; ds = 0; si = 0x7c14; again: lodsb; stop at 0; int 10h teletype; jmp again; stop: hlt
  const sector = Buffer.alloc(16 * 2 ** 20) // smaller ones have no cylinder
  Buffer.from(code).copy(sector)
  sector.write('own disk runs\r\n\0', code.length, 'latin1')
  sector.writeUInt16LE(0xaa55, 510)
  const file = join(directory, 'own-disk')
  await writeFile(file, sector)
  return file
}

describe('menus', { timeout: 1_200_000 }, () => {
  test('iPXE: the menu times out into its first entry, and the choice survives a restart of the server', async () => {
    const { served: lab, machine } = await serveMenu('ipxe', { name: 'mi' })
    assert.equal((await eventOf(lab, 'boot.chosen')).profile, 'debian')
    await lab.kill()
    await lab.start()
    await eventOf(lab, 'report.switch')
    assert.deepEqual(await testWords(machine), ['first'])
    assert.match(await storyText(lab), /menu: debian, other, local \(the first after 8 s\)[\s\S]*profile debian chosen/)
    await machine.quit()
  })

  test('PXELINUX: a key takes another entry of the menu', async () => {
    const { served: lab, machine } = await serveMenu('pxelinux', { name: 'mp' }, '10m')
    await press(lab, machine, '2')
    assert.equal((await eventOf(lab, 'boot.chosen')).profile, 'other')
    await eventOf(lab, 'report.switch')
    assert.deepEqual(await testWords(machine), ['first', 'second'])
    await machine.quit()
  })

  for (const loader of ['ipxe', 'pxelinux']) {
    test(`${loader}: the last entry starts the own disk of the machine, and its boot ends there`, async (t) => {
      const directory = await mkdtemp(join(tmpdir(), 'netroot-disk-'))
      t.after(() => rm(directory, { recursive: true, force: true }))
      const extraArgs = ['-drive', `if=virtio,format=raw,file=${await makeDisk(directory)}`]
      const { served: lab, machine } = await serveMenu(loader, { name: `ml${loader}`, extraArgs }, '10m')
      await press(lab, machine, '3')
      await machine.console.waitFor(/own disk runs/, { timeoutMs: 60_000 })
      assert.match(await storyText(lab), /starts from its own disk \(chosen in the menu\)/)
      await machine.quit()
    })
  }

  test('GRUB: the menu times out into its first entry', async () => {
    const { served: lab, machine } = await serveMenu('grub', { name: 'mg', firmware: 'uefi', memoryMiB: 2048 })
    assert.equal((await eventOf(lab, 'boot.chosen')).profile, 'debian')
    await eventOf(lab, 'report.switch')
    await machine.quit()
  })
})
