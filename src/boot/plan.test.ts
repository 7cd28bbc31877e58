import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PlanRequest, planBoot } from './plan.ts'

const RELEASE = 'ab'.repeat(32)
const REQUEST: PlanRequest = {
  bootId: 'k7m2qa',
  mac: '52:54:00:12:34:56',
  hostName: 'pc7',
  profile: { root: ['nfs'], writes: 'discard', commandLine: ['console=ttyS0', 'quiet'] },
  release: RELEASE,
  kernelVersion: '6.12.57+deb13-amd64',
  initramfs: { tools: 'aaaa.cpio.zst', drivers: 'bbbb.cpio.zst' },
  server: { address: '10.77.0.1', httpPort: 80, nfsPort: 2049 },
  ssh: false,
  time: 1_795_000_000,
}

test('planBoot() takes kernel, drivers and root of one release [FB63]', () => {
  const plan = planBoot(REQUEST)
  assert.equal(plan.kernel.path, `/release/${RELEASE}/kernel/6.12.57+deb13-amd64`)
  assert.equal(plan.variables['NETROOT_ROOTS'], `nfs://10.77.0.1:2049/release/${RELEASE}?vers=4.2/4.1/4.0/3`)
  assert.equal(plan.variables['NETROOT_KERNEL'], '6.12.57+deb13-amd64')
})

test('planBoot() gives a machine that keeps what it writes its own root, by the version that has locks', () => {
  const profile = { ...REQUEST.profile, writes: 'keep' } as const
  const { variables } = planBoot({ ...REQUEST, profile, keepPath: '/keep/52-54-00-12-34-56/k7m2qa' })
  assert.equal(variables['NETROOT_ROOTS'], 'nfs://10.77.0.1:2049/keep/52-54-00-12-34-56/k7m2qa?vers=4.2')
  assert.equal(variables['NETROOT_WRITES'], 'keep')
})

test('planBoot() puts the parts in the order of the kernel: tools, drivers, client', () => {
  assert.deepEqual(
    planBoot(REQUEST).initramfs.map((file) => file.path),
    [
      '/initramfs/tools/aaaa.cpio.zst',
      '/initramfs/drivers/bbbb.cpio.zst',
      `/boot/k7m2qa/${RELEASE}/6.12.57+deb13-amd64/client.cpio`,
    ],
  )
})

test('planBoot() puts microcode before all else, where the kernel looks for it', () => {
  const { initramfs } = planBoot({
    ...REQUEST,
    initramfs: { microcode: 'cc.cpio', tools: 'aa.cpio', drivers: 'bb.cpio' },
  })
  assert.deepEqual(
    initramfs.slice(0, 2).map(({ path }) => path),
    ['/initramfs/microcode/cc.cpio', '/initramfs/tools/aa.cpio'],
  )
})

test('planBoot() names card, boot and server on the command line, then what the profile adds', () => {
  assert.equal(
    planBoot(REQUEST).commandLine,
    'BOOTIF=01-52-54-00-12-34-56 netroot.boot=k7m2qa netroot.server=http://10.77.0.1 console=ttyS0 quiet',
  )
})

test('planBoot() gives the machine the address that it brought along, and asks nobody for one', () => {
  const address = { address: { address: '10.77.0.44', prefix: 24 }, router: '10.77.0.254' }
  assert.match(
    planBoot({ ...REQUEST, address }).commandLine,
    / ip=10\.77\.0\.44::10\.77\.0\.254:255\.255\.255\.0:::none /,
  )
  const own = planBoot({ ...REQUEST, address, initramfs: 'image' }).commandLine
  assert.doesNotMatch(own, /ip=dhcp/)
})

test('planBoot() names the port of a server that is not on 80', () => {
  const plan = planBoot({ ...REQUEST, server: { ...REQUEST.server, httpPort: 8080 } })
  assert.equal(plan.variables['NETROOT_SERVER'], 'http://10.77.0.1:8080')
})

test('planBoot() tells the time, so that the machine can check certificates', () => {
  assert.equal(planBoot(REQUEST).variables['NETROOT_TIME'], '1795000000')
})

test('planBoot() sends the SSH part, and asks for the login, only where it is wanted', () => {
  assert.equal(planBoot(REQUEST).variables['NETROOT_SSH'], undefined)
  const plan = planBoot({ ...REQUEST, ssh: true, initramfs: { tools: 'a', drivers: 'b', ssh: 'cccc.cpio.zst' } })
  assert.equal(plan.variables['NETROOT_SSH'], '1')
  assert.equal(plan.initramfs[2]?.path, '/initramfs/ssh/cccc.cpio.zst')
  assert.equal(plan.initramfs.length, 4)
})

test('planBoot() names the syslog of the server where there is one', () => {
  assert.equal(planBoot(REQUEST).variables['NETROOT_SYSLOG'], undefined)
  const { variables } = planBoot({ ...REQUEST, server: { ...REQUEST.server, syslogPort: 5140 } })
  assert.equal(variables['NETROOT_SYSLOG'], '10.77.0.1:5140')
})

test("planBoot() sends the image's own initramfs instead of the parts where that is asked for", () => {
  assert.deepEqual(planBoot({ ...REQUEST, initramfs: 'image' }).initramfs, [
    { name: 'initrd.img', path: `/release/${RELEASE}/initramfs/6.12.57+deb13-amd64` },
  ])
})

test("planBoot() tells the image's own initramfs its root in the words of initramfs-tools", () => {
  const { commandLine } = planBoot({ ...REQUEST, initramfs: 'image', server: { ...REQUEST.server, nfsPort: 2050 } })
  const root = `boot=nfs root=/dev/nfs nfsroot=10.77.0.1:/release/${RELEASE},port=2050 ip=dhcp ro`
  assert.equal(
    commandLine,
    `BOOTIF=01-52-54-00-12-34-56 netroot.boot=k7m2qa netroot.server=http://10.77.0.1 ${root} console=ttyS0 quiet`,
  )
})
