import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Machine } from '../../src/lab/machine.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { debianRelease } from '../support/debian.ts'
import { bootDirectly } from './direct.ts'
import { BOOT_MS, eventOf, serveDebian, Session, showWhatFailed } from './served.ts'

/* The root comes by NFSv4.2 from netroot's own server: the kernel's client is what judges it. */

let served: ServedLab
let digest: string
let pc: Machine
let session: Session

before(async () => {
  digest = (await debianRelease()).digest
  served = await serveDebian()
  pc = await bootDirectly(served, { name: 'v4', memoryMiB: 1024, cpus: 2 })
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

test('a machine boots to its login with its root by NFSv4.2 where nothing else is asked for [AW16] [AW47]', {
  timeout: BOOT_MS,
}, async () => {
  assert.equal((await eventOf(served, 'nfs.mount')).path, `/release/${digest}`)
  assert.match((await eventOf(served, 'report.root')).url, /\?vers=4\.2$/)
  assert.equal((await eventOf(served, 'report.alive')).state, 'running')
  session = await Session.login(pc)
  // The mount itself lies below the overlay, where nobody can see it.
  assert.match(await session.run('cat /proc/fs/nfsfs/servers'), /^v4 0a4d0001 +801 /m)
  assert.equal(await session.run('cat /sys/fs/nfs/net/nfs_client/identifier'), pc.macs[0])
  assert.equal(await session.run('stat -c %U:%a /usr/bin/passwd'), 'root:4755')
  assert.equal(await session.run('find /etc /usr/bin -xdev -nouser | head -n 3'), '', 'owners are numbers')
})

test('the machine goes on when the server is killed while it reads, and started again', {
  timeout: BOOT_MS,
}, async () => {
  const sum = 'find /usr/lib /usr/share -xdev -type f -print0 | sort -z | head -z -n 1500 | xargs -0 cat | md5sum'
  await session.run('echo 3 > /proc/sys/vm/drop_caches')
  const first = session.run(`exec 9< /usr/bin/apt; ${sum}; md5sum < /dev/fd/9`, { timeoutMs: BOOT_MS })
  await sleep(1500)
  await served.kill()
  await sleep(3000)
  await served.start()
  const whileKilled = await first
  await session.run('echo 3 > /proc/sys/vm/drop_caches')
  assert.equal(await session.run(`${sum}; md5sum < /usr/bin/apt`, { timeoutMs: BOOT_MS }), whileKilled)
  assert.doesNotMatch(await session.run('dmesg | grep -i nfs || true'), /error|reclaim|failed/i)
})
