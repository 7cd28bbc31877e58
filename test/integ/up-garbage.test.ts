import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NAMED, preparedStore, SERVER, UpNetwork } from './up-network.ts'
import { STEPS, WireBoot } from './up-wire-boot.ts'

const GARBAGE = fileURLToPath(new URL('up-garbage.ts', import.meta.url))

/** Resident memory of the server, MiB. */
async function memoryOf(net: UpNetwork): Promise<number> {
  const { stdout } = await net.run('sh', ['-c', `ss -H -lntp 'sport = :80' | sed 's/.*pid=\\([0-9]*\\).*/\\1/'`])
  const { stdout: status } = await net.run('cat', [`/proc/${stdout.trim()}/status`])
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}

test('netroot up outlives garbage on all of its ports at once, and a boot then works', {
  timeout: 120_000,
}, async (t) => {
  const net = await UpNetwork.make(t)
  const server = await net.up()
  const attacker = await net.machine('bad', '52:54:00:00:00:66')
  await attacker.takeAddress('10.7.0.66')
  const send = (seed: number, count: number) =>
    attacker.run(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      GARBAGE,
      SERVER,
      String(seed),
      String(count),
    ])
  await send(1, 4000)
  const before = await memoryOf(net)
  await send(2, 4000)
  await send(3, 4000)
  const grown = (await memoryOf(net)) - before
  assert.ok(grown < 100, `memory grew by ${grown} MiB from ${before}`)

  assert.equal(server.stderr.text, '')
  const crowd = await net.netroot(['boots', '--json', '--limit', '1000', '--state', net.state])
  assert.ok((JSON.parse(crowd.stdout) as unknown[]).length > 100, 'some of it were requests of machines')

  const { digest } = await preparedStore()
  const boot = new WireBoot(await net.machine('pc', NAMED.mac), digest)
  for (const [, run] of STEPS) await run(boot)
  assert.equal(boot.address, NAMED.address)
  assert.deepEqual(await server.stop(), { status: 0, signal: undefined })
})

test('netroot up answers odd requests over HTTP with what is wrong, and keeps nothing of them', async (t) => {
  const net = await UpNetwork.make(t)
  await net.up()
  const machine = await net.machine('pc', '52:54:00:00:00:05')
  const address = (await machine.dhcp('discover'))?.address ?? ''
  await machine.dhcp('request', address)
  await machine.takeAddress(address)
  const base = `http://${SERVER}`
  const statuses = [
    [404, `/${'a'.repeat(10_000)}`],
    [431, `/${'a'.repeat(20_000)}`],
    [404, '/../../etc/passwd'],
    [404, '/initramfs/tools/../../../../etc/passwd'],
    [404, '/loader/..'],
    [404, '/loader/%00'],
    [404, `/initramfs/tools/${'0'.repeat(64)}.cpio.gz`],
    [404, `/release/${'0'.repeat(64)}/kernel/6.1.0`],
    [404, `/boot/k7m2qa/${'0'.repeat(64)}/6.1.0/client.cpio`],
    [400, '/%ff'],
    [400, '/ipxe?mac=none'],
    [400, '/ipxe'],
    [405, '/report/mac/52:54:00:00:00:99'],
  ] as const
  for (const [status, path] of statuses) {
    assert.equal(await machine.status(['--path-as-is', `${base}${path}`]), status, path.slice(0, 80))
  }
  const big = join(net.directory, 'big')
  await writeFile(big, 'init\n'.repeat(200_000))
  const post = (path: string, body: string) => machine.status(['--data-binary', body, `${base}${path}`])
  assert.equal(await post('/report/mac/52:54:00:00:00:99', `@${big}`), 413)
  assert.equal(await post('/report/mac/52:54:00:00:00:99', 'this is no report'), 400)
  assert.equal(await post('/report/mac/52:54:00:00:00:99', 'alive\nuptime never\n'), 400)
  assert.equal(await post('/report/mac/zz', 'init\n'), 404)
  assert.equal(await post('/report/k7m2qa', 'init\n'), 202) // it says nothing of who it is: nothing is kept
  assert.equal(await post('/boot.ipxe', 'init\n'), 405)
  assert.equal(await machine.status(['-X', 'DELETE', `${base}/boot.ipxe`]), 405)

  const shown = await net.netroot(['boots', '--json', '--state', net.state])
  const boots = JSON.parse(shown.stdout) as { id: string; machine: { mac: string } }[]
  assert.deepEqual(
    boots.map((boot) => boot.machine.mac),
    [machine.mac],
  ) // nobody begins a boot by asking
  const { stdout } = await net.netroot(['boots', 'show', boots[0]?.id ?? '', '--json', '--state', net.state])
  const { events } = JSON.parse(stdout) as { events: { type: string; path?: string }[] }
  for (const { path = '' } of events) assert.ok(path.length <= 200, path)
  assert.equal(await post('/report/mac/52:54:00:00:00:99', 'init\nuptime 1.0\n'), 200)
  assert.match((await net.netroot(['boots', '--state', net.state])).stdout, /52:54:00:00:00:99 .* initramfs$/m)
})
