import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NAMED, preparedStore, SERVER, UpNetwork } from './up-network.ts'
import { STEPS, WireBoot } from './up-wire-boot.ts'

/** Runs the steps of a boot whose names match. */
async function steps(boot: WireBoot, names: RegExp): Promise<void> {
  for (const [name, run] of STEPS) if (names.test(name)) await run(boot)
}

const DHCP = /iPXE$/
const LOADING = /^GET|^the (?:kernel|\w+ part)/
const REPORTS = /^report/

async function smallState(t: TestContext): Promise<UpNetwork> {
  const net = await UpNetwork.make(t)
  await net.run('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', net.state])
  return net
}

/** Writes until nothing fits any more. */
function fill(net: UpNetwork): Promise<unknown> {
  return net.run('sh', ['-c', 'cat /dev/zero >"$0/filler" 2>/dev/null; test -s "$0/filler"', net.state])
}

test('netroot up on a full disk gives no lease that it cannot keep, and the machines boot on', async (t) => {
  const net = await smallState(t)
  const server = await net.up()
  const { digest } = await preparedStore()
  const early = new WireBoot(await net.machine('early', NAMED.mac), digest)
  await steps(early, DHCP)
  await fill(net)

  const late = await net.machine('late', '52:54:00:00:00:08')
  const offer = await late.dhcp('discover')
  assert.equal(offer?.type, 'offer')
  // the page of the disk that is begun has room for some lines more; then an ACK would be a promise that is not kept
  for (let n = 0; (await late.dhcp('request', offer.address)) !== undefined; n += 1) assert.ok(n < 50)
  await server.stderr.waitFor(/cannot answer DHCP message .*Cannot save leases/)

  await steps(early, LOADING)
  await steps(early, REPORTS)
  await server.stderr.waitFor(/cannot keep the story of boots; machines boot on/)
  assert.equal(server.stderr.text.match(/cannot keep the story/g)?.length, 1) // not once for each event

  // a machine that another server gave its address: its boot begins here, and is written nowhere
  const guest = new WireBoot(await net.machine('guest', '52:54:00:00:00:09'), digest)
  await guest.machine.takeAddress('10.7.0.200')
  await steps(guest, LOADING)
  await steps(guest, /^report init/)

  await net.run('rm', [`${net.state}/filler`])
  assert.equal((await late.dhcp('request', offer.address))?.type, 'ack')
  await steps(early, /^report alive/)
  const { stdout } = await net.netroot(['boots', '--state', net.state])
  assert.match(stdout, new RegExp(`^${early.id}  pc7 .* alive$`, 'm'))
  assert.deepEqual(await server.stop(), { status: 0, signal: undefined })
})

test('netroot up on a disk that is full from the start says so and opens nothing', async (t) => {
  const net = await smallState(t)
  await fill(net)
  const { status, stderr } = await net.upFails()
  assert.equal(status, 1)
  assert.match(stderr, /^netroot: Cannot use .*netroot\.sqlite: database or disk is full$/m)
  assert.deepEqual(await net.listening(), [])
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`netroot up ended by ${signal} closes all within a second, whoever is connected`, async (t) => {
    const net = await UpNetwork.make(t)
    const server = await net.up()
    const { digest } = await preparedStore()
    const boot = new WireBoot(await net.machine('pc', NAMED.mac), digest)
    await steps(boot, DHCP)
    await steps(boot, LOADING)
    const slow = `http://${SERVER}/loader/ipxe.efi`
    const clients = [
      boot.machine.spawn('curl', ['-sS', '--limit-rate', '1k', '-o', '/dev/null', slow]),
      boot.machine.spawn('sh', ['-c', `sleep 60 | busybox nc ${SERVER} 80`]),
      boot.machine.spawn('sh', ['-c', `sleep 60 | busybox nc ${SERVER} 2049`]),
      // asks for a loader and confirms no block of it
      boot.machine.spawn('sh', [
        '-c',
        `{ printf '\\0\\001undionly.kpxe\\0octet\\0'; sleep 60; } | busybox nc -u ${SERVER} 69`,
      ]),
    ]
    await sleep(400)
    const began = performance.now()
    await server.kill(signal)
    assert.deepEqual(await server.exited, { status: 0, signal: undefined })
    const took = performance.now() - began
    assert.ok(took < 1000, `it took ${took} ms`)
    assert.deepEqual(await net.listening(), [])
    assert.equal(server.stderr.text, '')
    for (const client of clients) await client.kill('SIGKILL')
    const { stdout } = await net.netroot(['boots', '--state', net.state])
    assert.match(stdout, new RegExp(`^${boot.id}  pc7 .* kernel sent$`, 'm'))
  })
}

test('netroot up serves on when the reader of its output is gone', async (t) => {
  const net = await UpNetwork.make(t)
  const child = await net.spawnUp({ prefix: ['sh', '-c', '"$@" | head -n 1', 'sh'], args: ['--json'] })
  await child.stdout.waitFor(/"listening".*\n/)
  const { digest } = await preparedStore()
  const boot = new WireBoot(await net.machine('pc', NAMED.mac), digest)
  for (const [, run] of STEPS) await run(boot)
})
