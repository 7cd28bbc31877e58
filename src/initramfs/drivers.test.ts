import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type { CpioEntry } from '../formats/cpio/entry.ts'
import { writeCpio } from '../formats/cpio/write.ts'
import { elfModule } from '../formats/kmod/testing.ts'
import { run } from '../sys/run.ts'
import { buildDrivers } from './drivers.ts'
import { kernelVersions } from './module-index.ts'
import { kernelFiles, testRoot, VERSION } from './testing.ts'

const NOTHING = new Uint8Array()

function text(entries: readonly CpioEntry[], name: string): string | undefined {
  const entry = entries.find((one) => one.name === name)
  return entry?.type === 'file' ? Buffer.from(entry.content).toString() : undefined
}

test('buildDrivers() writes indexes of its own: softdeps folded in, aliases of what is there [FB3]', async () => {
  await using root = await testRoot(kernelFiles())
  const { entries } = await buildDrivers(root.tree, VERSION)
  const at = `lib/modules/${VERSION}`
  const phy = 'kernel/drivers/net/phy'
  assert.equal(
    text(entries, `${at}/modules.dep`),
    `kernel/drivers/net/ethernet/realtek/r8169.ko.gz: ${phy}/realtek.ko.gz ${phy}/libphy.ko.gz
kernel/drivers/net/phy/libphy.ko.gz:
kernel/drivers/net/phy/realtek.ko.gz: ${phy}/libphy.ko.gz
kernel/fs/nfs/nfs.ko.gz: kernel/net/sunrpc/sunrpc.ko.gz
kernel/fs/nfs/nfsv3.ko.gz: kernel/fs/nfs/nfs.ko.gz kernel/net/sunrpc/sunrpc.ko.gz
kernel/fs/overlayfs/overlay.ko.gz:
kernel/net/sunrpc/sunrpc.ko.gz:
`,
  )
  assert.equal(text(entries, `${at}/modules.alias`), 'alias pci:v000010ECd00008168sv*sd*bc*sc*i* r8169\n')
  assert.match(text(entries, `${at}/modules.builtin`) ?? '', /virtio_pci/)
})

test('buildDrivers() keeps xz and gzip of modules, and packs others for busybox modprobe to read', async () => {
  const module = elfModule({ license: ['GPL'] })
  const packed = {
    a: module,
    b: gzipSync(module),
    c: await run('xz', ['--check=crc32'], { input: module }),
    d: zstdCompressSync(module),
  }
  const at = `usr/lib/modules/${VERSION}`
  const paths = ['kernel/a.ko', 'kernel/b.ko.gz', 'kernel/c.ko.xz', 'kernel/d.ko.zst']
  const files = paths.map((path) => [`${at}/${path}`, packed[path[7] as 'a' | 'b' | 'c' | 'd']] as const)
  await using root = await testRoot({ ...Object.fromEntries(files), [`${at}/modules.dep`]: `${paths.join(':\n')}:\n` })
  const { entries } = await buildDrivers(root.tree, VERSION, { modules: ['a', 'b', 'c', 'd'] })
  const found = entries.flatMap((entry) => (entry.type === 'file' && entry.name.includes('/kernel/') ? [entry] : []))
  const endings = ['a.ko.gz', 'b.ko.gz', 'c.ko.xz', 'd.ko.gz']
  assert.deepEqual(
    found.map(({ name }) => name.slice(name.lastIndexOf('/') + 1)),
    endings,
  )
  for (const { name, content } of found) {
    if (name.endsWith('.gz')) assert.deepEqual(gunzipSync(content), Buffer.from(module), name)
    else assert.deepEqual(content, packed.c)
  }
})

test('buildDrivers() says what to load for the root, without what is part of the kernel [HT25]', async () => {
  await using root = await testRoot(kernelFiles())
  const { entries, report } = await buildDrivers(root.tree, VERSION)
  assert.equal(text(entries, 'netroot/drivers'), `KERNEL='${VERSION}'\nMODULES_FOR_ROOT='overlay nfs nfsv3'\n`)
  assert.deepEqual(report.missingForRoot, [])
  assert.equal(report.architecture, 'amd64')
})

test('buildDrivers() loads af_packet where it is a module [HT48]', async () => {
  const files = kernelFiles()
  const dep = `usr/lib/modules/${VERSION}/modules.dep`
  const afPacket = 'kernel/net/packet/af_packet.ko'
  const module = files[`usr/lib/modules/${VERSION}/kernel/net/sunrpc/sunrpc.ko`] ?? ''
  await using root = await testRoot({
    ...files,
    [dep]: `${String(files[dep])}${afPacket}:\n`,
    [`usr/lib/modules/${VERSION}/modules.builtin`]: '',
    [`usr/lib/modules/${VERSION}/${afPacket}`]: module,
  })
  const { entries } = await buildDrivers(root.tree, VERSION)
  assert.match(text(entries, 'netroot/drivers') ?? '', /^MODULES_FOR_ROOT='af_packet overlay nfs nfsv3'$/m)
})

test('buildDrivers() brings the firmware that is there and names the module that misses the rest', async () => {
  await using root = await testRoot(kernelFiles())
  const { entries, report } = await buildDrivers(root.tree, VERSION)
  assert.equal(text(entries, 'lib/firmware/rtl_nic/rtl8168g-2.fw'), 'firmware')
  assert.deepEqual(report.firmware, ['rtl_nic/rtl8168g-2.fw'])
  assert.deepEqual(report.missingFirmware, [
    { module: 'r8169', name: 'rtl_nic/gone.fw', card: 'RealTek card', debianPackage: 'firmware-realtek' },
  ])
  assert.deepEqual(report.firmwareReasons, { 'rtl_nic/rtl8168g-2.fw': 'r8169' })
})

test('buildDrivers() gives the same bytes whatever times, modes and order the files of the root have', async () => {
  const files = kernelFiles()
  await using one = await testRoot(files)
  await using other = await testRoot(Object.fromEntries(Object.entries(files).toReversed()))
  await run('find', [other.path, '-exec', 'touch', '-h', '-d', '2001-02-03', '{}', '+'])
  await run('chmod', ['-R', 'go=,u=rwX', other.path])
  const archives = await Promise.all(
    [one, other].map(async ({ tree }) => Buffer.concat(writeCpio((await buildDrivers(tree, VERSION)).entries))),
  )
  assert.ok(archives[0]?.equals(archives[1] ?? NOTHING))
})

test('buildDrivers() leaves firmware out that no network boot needs, unless its module was named', async () => {
  const at = `usr/lib/modules/${VERSION}`
  const [wifi, firmware] = ['kernel/drivers/net/wireless/iwlwifi.ko', 'usr/lib/firmware/iwl.ucode']
  const files = { ...kernelFiles(), [`${at}/${wifi}`]: elfModule({ firmware: ['iwl.ucode'] }), [firmware]: 'large' }
  await using root = await testRoot(files)
  const all = await buildDrivers(root.tree, VERSION, { scope: { kind: 'all' } })
  assert.ok(all.report.modules.includes('iwlwifi'))
  assert.deepEqual([all.report.firmware, all.report.firmwareLeftOut], [['rtl_nic/rtl8168g-2.fw'], 1])
  const named = await buildDrivers(root.tree, VERSION, { modules: ['iwlwifi'] })
  assert.deepEqual(named.report.firmware, ['iwl.ucode', 'rtl_nic/rtl8168g-2.fw'])
})

test('buildDrivers() takes further modules by name', async () => {
  await using root = await testRoot(kernelFiles())
  const { report } = await buildDrivers(root.tree, VERSION, { modules: ['iwlwifi'] })
  assert.ok(report.modules.includes('iwlwifi'))
})

test('buildDrivers() honours modprobe.d of the root: options, blacklist, softdep, install [FB11, FB51]', async () => {
  await using root = await testRoot({
    ...kernelFiles(),
    'usr/lib/modprobe.d/a.conf': 'options r8169 use_dac=1\n',
    'usr/lib/modprobe.d/z.conf': 'options nfs hidden=1\n',
    'etc/modprobe.d/z.conf': `# local
options nfs \\
  nfs4_disable_idmapping=1
softdep overlay pre: iwlwifi
blacklist nfsv3
install sunrpc /bin/false
install realtek /sbin/modprobe --ignore-install realtek && /usr/local/bin/led
options snd_hda_intel power_save=1
`,
  })
  const { entries, report } = await buildDrivers(root.tree, VERSION)
  const config = 'options r8169 use_dac=1\noptions nfs    nfs4_disable_idmapping=1\nblacklist nfsv3\nblacklist sunrpc\n'
  assert.equal(text(entries, 'etc/modprobe.d/root.conf'), config)
  assert.ok(report.modules.includes('iwlwifi'), 'the softdep of overlay')
  assert.deepEqual(report.ignoredConfig, [
    'install realtek /sbin/modprobe --ignore-install realtek && /usr/local/bin/led',
  ])
})

test('buildDrivers() says what is wrong with the modules of a root [HT24]', async () => {
  await using empty = await testRoot({})
  await assert.rejects(
    buildDrivers(empty.tree, VERSION),
    /Cannot find \/lib\/modules\/6.12.1-test .*no kernel has modules/,
  )
  await using other = await testRoot(kernelFiles())
  await assert.rejects(
    buildDrivers(other.tree, '6.13'),
    /Cannot find \/lib\/modules\/6.13 .*there are modules for 6.12.1-test/,
  )
  const dep = `usr/lib/modules/${VERSION}/modules.dep`
  await using blank = await testRoot({ ...kernelFiles(), [dep]: '' })
  await assert.rejects(
    buildDrivers(blank.tree, VERSION),
    /modules.dep of the root: it is missing or empty.*run "depmod 6.12.1-test"/,
  )
  await using stale = await testRoot({ ...kernelFiles(), [dep]: 'kernel/fs/nfs/nfs.ko: kernel/x.ko\nkernel/x.ko:\n' })
  await assert.rejects(
    buildDrivers(stale.tree, VERSION),
    /kernel\/x.ko of the root: modules.dep names it, but it is not there/,
  )
})

test('kernelVersions() gives the newest last, by number', async () => {
  const files = ['6.9.1', '6.12.0', '5.10'].map((version) => [`usr/lib/modules/${version}/kernel/a.ko`, ''] as const)
  await using root = await testRoot(Object.fromEntries([...files, ['usr/lib/modules/6.13/updates/b.ko', '']]))
  assert.deepEqual(await kernelVersions(root.tree), ['5.10', '6.9.1', '6.12.0'])
})
