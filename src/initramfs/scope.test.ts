import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ModuleIndex } from './module-index.ts'
import { DeviceWithoutDriverError, type DriversScope, modulesOfScope, normalizeScope } from './scope.ts'

/** A kernel with modules at these paths, each with what it needs. */
function kernel(paths: Readonly<Record<string, readonly string[]>>, more: Partial<ModuleIndex> = {}): ModuleIndex {
  const lines = Object.entries(paths).map(([path, needs]) => {
    const name = path.slice(path.lastIndexOf('/') + 1)
    return [name, { name, path: `kernel/${path}.ko.xz`, needs }] as const
  })
  return {
    version: '6.12',
    modules: new Map(lines),
    aliases: [
      { pattern: 'pci:v00008086d0000100Esv*sd*bc*sc*i*', module: 'e1000' },
      { pattern: 'pci:v000010ECd00008168sv*sd*bc*sc*i*', module: 'r8169' },
      { pattern: 'mdio:0000000000011100110010010001????', module: 'realtek' },
      { pattern: 'virtio:d00000001v*', module: 'virtio_net' },
      { pattern: 'usb:v0BDAp8153d*dc*dsc*dp*ic*isc*ip*in*', module: 'r8152' },
      { pattern: 'pci:v00008086d0000ABCDsv*sd*bc*sc*i*', module: 'gone' },
    ],
    softdeps: [],
    builtin: new Set<string>(),
    builtinAliases: [{ pattern: 'pci:v00008086d00001234sv*sd*bc*sc*i*', module: 'inside' }],
    builtinText: '',
    config: { lines: [], softdeps: '', disabled: [], ignored: [] },
    ...more,
  }
}

const PC = kernel({
  'drivers/net/ethernet/e1000': [],
  'drivers/net/ethernet/r8169': ['libphy'],
  'drivers/net/phy/libphy': [],
  'drivers/net/phy/realtek': ['libphy'],
  'drivers/net/virtio_net': [],
  'drivers/net/usb/r8152': [],
  'drivers/usb/host/xhci_pci': [],
  'drivers/virtio/virtio_pci': [],
  'drivers/pci/controller/pcie_board': [],
  'drivers/gpu/drm/i915/i915': [],
  'fs/nfs/nfs': [],
})

function names(index: ModuleIndex, scope: DriversScope, architecture = 'amd64'): string[] {
  return [...new Set(modulesOfScope(index, scope, architecture).map(({ module }) => module))].toSorted()
}
const fit = (...devices: string[]): DriversScope => ({ kind: 'fit', devices })

test('modulesOfScope() fits a part to one card: its driver, what roots need, nothing else [FB20]', () => {
  assert.deepEqual(names(PC, fit('8086:100e')), ['e1000', 'nfs'])
})
test('modulesOfScope() brings the bus that a card stands on', () => {
  assert.deepEqual(names(PC, fit('1af4:1000')), ['nfs', 'virtio_net', 'virtio_pci'])
  assert.deepEqual(names(PC, fit('usb:0bda:8153')), ['nfs', 'r8152', 'xhci_pci'])
  assert.deepEqual(names(PC, fit('8086:100e'), 'arm64'), ['e1000', 'nfs', 'pcie_board'])
})
test('modulesOfScope() brings all PHY drivers where the card uses the PHY library, as a module or inside the kernel', () => {
  assert.deepEqual(names(PC, fit('10ec:8168')), ['nfs', 'r8169', 'realtek'])
  const inside = { ...PC, builtin: new Set(['libphy']) }
  assert.deepEqual(names(inside, fit('8086:100e')), ['e1000', 'nfs', 'realtek'])
})
test('modulesOfScope() fits several devices at once, such as both cards of a machine [HT27]', () => {
  assert.deepEqual(names(PC, fit('8086:100e', '1af4:1041')), ['e1000', 'nfs', 'virtio_net', 'virtio_pci'])
})
test('modulesOfScope() takes everything where all is asked for', () => {
  assert.deepEqual(names(PC, { kind: 'all' }), [...PC.modules.keys()].toSorted())
  assert.ok(!names(PC, { kind: 'generic' }).includes('i915'))
})

test('modulesOfScope() names the device and the kernel where nothing drives it', () => {
  for (const device of ['8086:ffff', '8086:abcd', 'usb:dead:beef']) {
    assert.throws(
      () => names(PC, fit('8086:100e', device)),
      (error: Error) => {
        assert.ok(error instanceof DeviceWithoutDriverError)
        assert.deepEqual([error.device, error.kernelVersion], [device, '6.12'])
        const what = `Cannot fit an initramfs to the device ${device}: no module of kernel 6.12 is for it`
        return error.message.startsWith(what)
      },
    )
  }
})
test('modulesOfScope() accepts what the kernel itself drives, and what has no driver beside what has', () => {
  assert.deepEqual(names(PC, fit('8086:1234')), ['nfs'])
  assert.deepEqual(names(PC, { kind: 'fit', devices: ['8086:ffff', '8086:100e'], lenient: true }), ['e1000', 'nfs'])
  assert.throws(() => names(PC, { kind: 'fit', devices: ['8086:ffff'], lenient: true }), DeviceWithoutDriverError)
})

test('normalizeScope() writes the same request in one way', () => {
  assert.deepEqual(normalizeScope(fit('8086:100E', '10ec:8168', '8086:100e')), fit('10ec:8168', '8086:100e'))
  assert.deepEqual(normalizeScope({ kind: 'generic' }), { kind: 'generic' })
})
