import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { textFile, writeCpio } from '../../src/formats/cpio/write.ts'
import { shellAssignment } from '../../src/initramfs/shell.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { bootDirectly, type LoadedFiles, showText, tells, troubleBox, whyAfter, whyText } from './direct.ts'
import { serveDebian } from './served.ts'

/*
 * Roots that cannot be mounted or started: the machine says why and what to do, on its screen and to the server.
 */

const TIMEOUT = { timeout: 120_000 } as const

let served: ServedLab

before(async () => {
  served = await serveDebian()
})
after(() => served?.[Symbol.asyncDispose]())

test('a root that the server does not have is refused by its name [HT56, AW41]', TIMEOUT, async () => {
  const words = 'root=nfs://10.77.0.1:2049/release/nope'
  await using pc = await bootDirectly(served, { name: 'refused', words })
  const box = await troubleBox(pc, 'root-refused')
  assert.match(box, /What failed The server has no such root\./)
  assert.match(box, /Found No such file or directory on mounting 10\.77\.0\.1:\/release\/nope by NFS over eth0\./)
  assert.match(box, /To do There is no such export or directory on the server: see the path\./)
  assert.equal((await tells(served, pc, 'report.failed')).cause, 'root-refused')
  assert.match(await showText(served, pc), /NFS mount of \/release\/nope refused: there is no export "\/release\/nope"/)
  const why = await whyText(served, pc)
  assert.match(
    why,
    /^(?:failed|stuck): the server refused the root .*the server says: there is no export "\/release\/nope"/m,
  )
  assert.match(why, /a root that root= on the kernel command line names: see its path/)
  assert.match(
    why,
    /the last lines of its log:[^]* root: 10\.77\.0\.1:\/release\/nope by NFS[^]* attempt 1: root-refused:/,
  )
})

test('NFSv3 without a port needs rpcbind, and that is said', TIMEOUT, async () => {
  await using pc = await bootDirectly(served, { name: 'portless', words: 'root=nfs:10.77.0.1:/release/nope:vers=3' })
  const box = await troubleBox(pc, 'server-gone')
  assert.match(box, /To do .* rpcbind .* port=2049,mountport=2049/)
  assert.match(await whyText(served, pc), /^(?:failed|stuck): the server of the root does not answer/m)
})

test(
  'a root without that init says what it has; s and Enter give a shell, exit goes on [AW41, DB27, HT56]',
  TIMEOUT,
  async () => {
    await using pc = await bootDirectly(served, { name: 'initless', words: 'init=/nope' })
    const { console: screen } = pc
    assert.match(await troubleBox(pc, 'no-init'), /Found nfs:\/\/.* has no \/nope; it has: bin boot dev etc home/)
    const offered = await screen.waitFor('Press s and Enter for a shell; the machine tries again in 1 s.')
    screen.send('s')
    const prompt = await screen.waitFor('~ # ', { from: offered.end })
    screen.send('echo "sum=$((6 * 7))"; mount | grep -c nfs')
    const answered = await screen.waitFor(/sum=42\n1\n/, { from: prompt.end })
    screen.send('exit')
    await screen.waitFor('cannot boot: no-init', { from: answered.end })
    assert.equal((await tells(served, pc, 'report.failed')).cause, 'no-init')
    assert.match(
      await showText(served, pc),
      /failed: The root was mounted, but there is no init in it\. .* has no \/nope/,
    )
    assert.match(await whyText(served, pc), /1\. init= on the kernel command line .* must name a program of the root/)
  },
)

test('with panic= a machine that has not booted by then starts over, and the server knows why', TIMEOUT, async () => {
  await using pc = await bootDirectly(served, { name: 'restless', words: 'init=/nope panic=3', exitOnReset: true })
  const box = await pc.console.waitFor(/^It reboots when it has not booted (\d+) s after power-on/m, {
    timeoutMs: 60_000,
  })
  assert.equal(box.groups[1], '3')
  await pc.console.waitFor('netroot: reboots, as panic= or netroot.reboot= asks')
  assert.equal((await pc.exited).reason, 'reset')
  assert.equal((await tells(served, pc, 'report.failed')).cause, 'no-init')
})

/** The initramfs with drivers that say they are of another kernel. */
async function oldDrivers({ directory, tools, drivers, client }: LoadedFiles): Promise<string[]> {
  const old = join(directory, 'old.cpio')
  const text = shellAssignment('KERNEL', '6.1.0-1-amd64')
  const entries = [{ type: 'directory', name: 'netroot', mode: 0o755 } as const, textFile('netroot/drivers', text)]
  await writeFile(old, Buffer.concat(writeCpio(entries)))
  return [tools, drivers, old, client]
}

test('a kernel and drivers that do not belong together are named', TIMEOUT, async () => {
  await using pc = await bootDirectly(served, { name: 'mismatch', parts: oldDrivers })
  const box = await troubleBox(pc, 'wrong-release')
  assert.match(box, /Found Kernel \d\.\S+ runs; the drivers are for 6\.1\.0-1-amd64\./)
  assert.match(box, /To do Have the loader fetch kernel and initramfs of the same release/)
  const why = whyAfter(served, pc, 61)
  assert.match(why.next[0] ?? '', /box of netroot on the screen/) // it has no network to tell more
})

test('a machine with too little memory says how much it lacks', TIMEOUT, async () => {
  await using pc = await bootDirectly(served, { name: 'small', memoryMiB: 112 })
  const box = await troubleBox(pc, 'no-memory')
  assert.match(box, /Found \d+ MiB of \d+ MiB are free; it takes 48 MiB\. To do Give the machine more memory/)
  assert.equal((await tells(served, pc, 'report.failed')).cause, 'no-memory')
  const why = await whyText(served, pc)
  assert.match(why, /^(?:failed|stuck): the machine has too little memory for this image .* it takes 48 MiB/m)
  assert.match(why, /give it more memory: 256 MiB/)
})
