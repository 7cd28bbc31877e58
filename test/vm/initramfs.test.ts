import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { textFile, writeCpio } from '../../src/formats/cpio/write.ts'
import { joinParts } from '../../src/initramfs/join.ts'
import { kernelVersions } from '../../src/initramfs/module-index.ts'
import { ensureDrivers, ensureTools } from '../../src/initramfs/parts.ts'
import { Lab } from '../../src/lab/lab.ts'
import { readPath } from '../../src/storage/paths.ts'
import { debianRelease } from '../support/debian.ts'

/** Takes the place of `/init`: a file of a later archive replaces that of an earlier one. */
const PROBE = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
. /netroot/drivers
echo "kernel=$KERNEL uptime=$(cut -d ' ' -f 1 /proc/uptime) used=$(du -skx / | cut -f 1)"
modprobe -a $MODULES_FOR_ROOT && echo "root modules: $?"
for device in /sys/bus/*/devices/*/modalias; do modprobe -q -b "$(cat "$device")"; done
for device in /sys/bus/virtio/devices/*/modalias; do modprobe -q -b "$(cat "$device")"; done
for card in /sys/class/net/*/device/driver; do echo "card driver: $(basename "$(readlink "$card")")"; done
for name in e1000e r8169 mlx5_core xhci_pci; do modprobe "$name" && echo "loaded $name"; done
grep -E '^(realtek|nfsv3|overlay) ' /proc/modules | cut -d ' ' -f 1 | sort | tr '\\n' ' '
echo "uptime=$(cut -d ' ' -f 1 /proc/uptime) done"
poweroff -f
`

test('the parts unpack, and busybox modprobe loads drivers and roots by alias and by name [FB2, JS2, JS7, JS8]', {
  timeout: 180_000,
}, async (t) => {
  const { store, digest } = await debianRelease()
  await using release = await store.openRelease(digest)
  await using lab = await Lab.open()
  const version = (await kernelVersions(release.tree)).at(-1) ?? ''
  const cache = join(store.directory, 'cache')
  const drivers = await ensureDrivers(cache, release.tree, digest, version)
  const tools = await ensureTools(cache, { architecture: drivers.report.architecture, compression: 'zstd' })
  const [kernel, probe, initrd] = ['vmlinuz', 'probe.cpio', 'initrd'].map((name) => join(lab.directory, name)) as [
    string,
    string,
    string,
  ]
  await writeFile(kernel, (await readPath(release.tree, `/boot/vmlinuz-${version}`)) ?? '')
  await writeFile(probe, Buffer.concat(writeCpio([textFile('init', PROBE, 0o755)])))
  await joinParts([tools.path, drivers.path, probe], initrd)
  const cards = [{ model: 'e1000' }, { model: 'virtio-net-pci' }] as const
  await using pc = await lab.powerOn({ kernel, initrd, append: 'console=ttyS0 quiet panic=-1', cards })
  await pc.console.waitFor(/uptime=\S+ done/, { timeoutMs: 90_000 })
  const { text } = pc.console
  t.diagnostic(`${text.match(/^kernel=.*$/m)?.[0]}; ${text.match(/^.*done$/m)?.[0]}`)
  assert.match(text, new RegExp(`^kernel=${version.replaceAll('+', '\\+')} `, 'm'))
  assert.match(text, /^root modules: 0$/m)
  for (const driver of ['e1000', 'virtio_net']) assert.match(text, new RegExp(`^card driver: ${driver}$`, 'm'))
  for (const name of ['e1000e', 'r8169', 'mlx5_core', 'xhci_pci'])
    assert.match(text, new RegExp(`^loaded ${name}$`, 'm'))
  assert.match(text, /nfsv3 overlay realtek/)
  assert.equal((await pc.exited).reason, 'shutdown')
})
