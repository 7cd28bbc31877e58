import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { LabProcess } from '../../src/lab/lab-process.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { bootDirectly, showText, tells, troubleBox, whyText } from './direct.ts'
import { serveDebian } from './served.ts'

/*
 * Networks and servers that fail while a machine boots: it says what is wrong, and goes on when it is mended.
 */

const TIMEOUT = { timeout: 150_000 } as const

let served: ServedLab

before(async () => {
  served = await serveDebian()
})
after(() => served?.[Symbol.asyncDispose]())

test('a machine whose cable is out names its card, and goes on when it is put in', TIMEOUT, async () => {
  await using pc = await bootDirectly(served, { name: 'unplugged', words: 'netroot.carrier=2' })
  await pc.setLink(0, false)
  await pc.console.waitFor('netroot: No network card has a link. (try 1, again in 1 s)', { timeoutMs: 60_000 })
  const box = await troubleBox(pc, 'no-carrier')
  assert.match(box, new RegExp(`Found No carrier on eth0 \\(${pc.macs[0]}\\) after 2 s\\. To do Look at the cable`))
  await pc.setLink(0, true)
  await tells(served, pc, 'report.root')
  assert.equal((await tells(served, pc, 'report.failed')).cause, 'no-carrier')
  const story = await showText(served, pc)
  assert.match(story, /getting an address failed, tries again \(1\): No network card has a link\. No carrier on eth0/)
})

test(
  'a machine that gets no lease asks again, tells of each try, and goes on when the server is there [HT1]',
  TIMEOUT,
  async () => {
    await using pc = await bootDirectly(served, { name: 'unanswered' })
    await served.kill()
    for (const [attempt, pause] of [
      [1, 1],
      [2, 2],
    ]) {
      const line = `netroot: No DHCP server gave this machine an address. (try ${attempt}, again in ${pause} s)`
      await pc.console.waitFor(line, { timeoutMs: 60_000 })
    }
    const box = await troubleBox(pc, 'no-lease')
    assert.match(box, /Found eth0 \([0-9a-f:]+\): 3 requests sent, 0 offers and 0 refusals heard, \d+ packets received/)
    assert.match(box, /To do See that the DHCP server runs, has addresses left and is on this network\./)
    await served.start()
    await tells(served, pc, 'report.root')
    assert.equal((await tells(served, pc, 'report.failed')).cause, 'no-lease')
    const story = await showText(served, pc)
    for (const attempt of [1, 2])
      assert.match(story, new RegExp(`getting an address failed, tries again \\(${attempt}\\): No DHCP server`))
    assert.match(story, /failed: No DHCP server gave this machine an address\.[^]*the server was started again/)
  },
)

/** Another DHCP server than netroot's: its own network, and a router that does not exist (yet). */
async function strangeServer(): Promise<LabProcess> {
  const { lab } = served
  await lab.run('ip', ['address', 'add', '192.168.99.2/24', 'dev', 'br0'])
  const range = ['--dhcp-range=192.168.99.50,192.168.99.60', '--dhcp-option=option:router,192.168.99.1']
  const files = ['--conf-file=/dev/null', '--pid-file=', `--dhcp-leasefile=${lab.directory}/strange.leases`]
  const only = ['--keep-in-foreground', '--user=root', '--port=0', '--interface=br0', '--bind-dynamic']
  return lab.spawn('dnsmasq', [...only, ...files, ...range])
}

test('a machine that another DHCP server sends astray has no route, and says whose lease it has', TIMEOUT, async () => {
  await using pc = await bootDirectly(served, { name: 'astray' })
  await served.kill()
  await using stranger = await strangeServer()
  const box = await troubleBox(pc, 'no-route')
  assert.match(
    box,
    /(?:No route to host|Host is unreachable); this machine is 192\.168\.99\.5\d\/24 on eth0, router 192\.168\.99\.1, as the DHCP server 192\.168\.99\.2 said\./,
  )
  await stranger.stop()
  await served.start()
  await served.lab.run('ip', ['address', 'add', '192.168.99.1/24', 'dev', 'br0']) // the router comes to life
  await tells(served, pc, 'report.root')
  assert.equal((await tells(served, pc, 'report.failed')).cause, 'no-route')
})

test('a server that is gone before the root is mounted is waited for', TIMEOUT, async () => {
  await using pc = await bootDirectly(served, { name: 'deserted', words: 'rd.break=network' })
  await pc.console.waitFor("netroot: stopped at 'network' as the kernel command line asks", { timeoutMs: 60_000 })
  await pc.console.waitFor('~ # ')
  await served.kill()
  pc.console.send('exit')
  await pc.console.waitFor("netroot: The root's NFS server does not answer. (try 1, again in 1 s)")
  const box = await troubleBox(pc, 'server-gone')
  assert.match(
    box,
    /Connection refused; this machine is 10\.77\.0\.\d+\/24 on eth0, router none, as the DHCP server 10\.77\.0\.1 said\./,
  )
  assert.match(box, /To do See that the server 10\.77\.0\.1 runs, serves NFS on TCP port 2049/)
  await served.start()
  await tells(served, pc, 'report.root')
  assert.equal((await tells(served, pc, 'report.failed')).cause, 'server-gone')
  const story = await showText(served, pc)
  assert.match(story, /mounting the root failed, tries again \(1\): The root's NFS server does not answer\./)
  assert.match(await whyText(served, pc), /^going on: nothing is wrong so far/m)
})

test('iPXE says that the server is gone, and fetches the rest when it is back', TIMEOUT, async () => {
  await using pc = await served.lab.powerOn({ name: 'loading', memoryMiB: 512 })
  const isOwnScript = ({ mac, event }: (typeof served.events)[number]): boolean =>
    mac === pc.macs[0] && event.type === 'http.file' && event.path === '/ipxe'
  await served.waitForEvent(isOwnScript)
  await served.kill()
  await pc.console.waitFor('netroot: this boot could not be fetched or started; trying again in 5 s')
  await served.start()
  await tells(served, pc, 'report.init')
  assert.match(await showText(served, pc), /the server was started again[^]*kernel sent[^]*Linux \S+ runs/)
})
