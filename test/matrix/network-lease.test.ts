import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { bootDirectly, showText, tells } from '../vm/direct.ts'
import { serveDebian, Session, showWhatFailed } from '../vm/served.ts'

/*
 * DHCP servers that take their time, vanish, and change their mind.
 */

const TIMEOUT = { timeout: 500_000 } as const

let served: ServedLab

before(async () => {
  served = await serveDebian({ config: 'lease: 60s' })
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

test('a machine whose DHCP server answers only after 90 s boots then, and has told why it waits', TIMEOUT, async () => {
  await using pc = await bootDirectly(served, { name: 'patient', words: 'rd.break=root' })
  await served.kill()
  await sleep(90_000)
  assert.match(
    pc.console.text,
    /netroot: no answer in 3\d s although there is a link on eth0\. Spanning tree keeps a switch/,
  )
  await served.start()
  const began = performance.now()
  await tells(served, pc, 'report.root')
  assert.ok(performance.now() - began < 40_000, 'it asked less often than every half a minute')
  const story = await showText(served, pc)
  for (const attempt of [1, 2, 3, 4])
    assert.match(story, new RegExp(`tries again \\(${attempt}\\): No DHCP server|failed: No DHCP`))
})

/** Changes netroot.yaml and starts the server anew. */
async function restartWith(change: (config: string) => string): Promise<void> {
  await writeFile(served.configFile, change(await readFile(served.configFile, 'utf8')))
  await served.start()
}

test(
  'a running machine keeps its address, whatever its card is called and its server does, and follows name servers [AW37] [AW39]',
  TIMEOUT,
  async () => {
    await using pc = await bootDirectly(served, { name: 'keeper', memoryMiB: 1024 })
    await tells(served, pc, 'report.alive')
    const { address } = await tells(served, pc, 'report.lease')
    const session = await Session.login(pc)
    await session.run('dmesg -n 8') // what the machine says loudly is to be seen here
    assert.match(await session.run('ip -4 -o addr show scope global'), new RegExp(`: en\\S+ .*${address}/24`))

    await served.kill()
    await restartWith((config) => config.replace('10.77.0.53', '10.77.0.54'))
    await session.run('until grep -q "nameserver 10.77.0.54" /etc/resolv.conf; do sleep 1; done')

    await served.kill()
    const silent = `netroot: No DHCP server answers; this machine keeps ${address}, which its root needs, and goes on asking.`
    await pc.console.waitFor(silent, { timeoutMs: 200_000 })
    const client = `clients:\n  keeper:\n    mac: ${pc.macs[0]}\n    address: 10.77.0.77\n`
    await restartWith((config) => config + client)
    await pc.console.waitFor(/netroot: The DHCP server answers again, after \d+ s\./, { timeoutMs: 100_000 })
    await pc.console.waitFor(`netroot: The DHCP server now gives 10.77.0.77; this machine keeps ${address},`)
    await session.run('echo 3 > /proc/sys/vm/drop_caches; ls /usr/bin | wc -l') // from the root, by the address it has
    assert.match(await session.run('ip -4 -o addr show scope global'), new RegExp(`${address}/24`))
  },
)
