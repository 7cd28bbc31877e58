import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { SoftDependency } from '../formats/kmod/softdep.ts'
import { FEATURES } from './contents.ts'
import type { ModuleIndex } from './module-index.ts'
import { loadableModules, modulesOfFeatures, namedModules, selectModules } from './select-modules.ts'

/** An index of modules in `kernel/`, each with all that it needs as depmod writes it: those to load last first. */
function indexOf(needs: Readonly<Record<string, readonly string[]>>, more: Partial<ModuleIndex> = {}): ModuleIndex {
  const lines = Object.entries(needs).map(
    ([name, list]) => [name, { name, path: `kernel/${name}.ko`, needs: list }] as const,
  )
  return {
    version: '6.1',
    modules: new Map(lines),
    aliases: [],
    softdeps: [],
    builtin: new Set<string>(),
    builtinAliases: [],
    builtinText: '',
    config: { lines: [], softdeps: '', disabled: [], ignored: [] },
    ...more,
  }
}

function needsIn(index: ModuleIndex, name: string): readonly string[] | undefined {
  return selectModules(index, namedModules(index, [name], 'named')).modules.find((module) => module.name === name)
    ?.needs
}

test('selectModules() brings all that a module needs, deepest last [FB51]', () => {
  const index = indexOf({ nfs: ['lockd', 'sunrpc'], lockd: ['sunrpc'], sunrpc: [], ext4: [] })
  const { modules } = selectModules(index, namedModules(index, ['nfs'], 'named'))
  assert.deepEqual(
    modules.map(({ name }) => name),
    ['lockd', 'nfs', 'sunrpc'],
  )
  assert.deepEqual(needsIn(index, 'nfs'), ['lockd', 'sunrpc'])
})

test('selectModules() makes soft dependencies, with all that these need, dependencies [FB51]', () => {
  const softdeps = [{ module: 'r8169', before: ['realtek'], after: ['led'] }]
  const index = indexOf({ r8169: ['mdio'], realtek: ['libphy'], libphy: [], mdio: [], led: [] }, { softdeps })
  const needs = needsIn(index, 'r8169') ?? []
  assert.deepEqual(needs.toSorted(), ['led', 'libphy', 'mdio', 'realtek'])
  assert.ok(needs.indexOf('realtek') < needs.indexOf('libphy'), 'libphy is loaded before realtek')
})

test('selectModules() finds soft dependencies by alias, and passes over what is built in or not there [HT25]', () => {
  const softdeps = [
    { module: 'ext4', before: ['crypto-crc32c', 'md5', 'crypto-none', 'platform:leds-gpio'], after: [] },
  ]
  const aliases = [
    { pattern: 'crypto-crc32c', module: 'crc32c_intel' },
    { pattern: 'platform:leds-*', module: 'leds_gpio' },
  ]
  const builtin = new Set(['md5'])
  const index = indexOf({ ext4: [], crc32c_intel: [], leds_gpio: [] }, { softdeps, aliases, builtin })
  assert.deepEqual(needsIn(index, 'ext4')?.toSorted(), ['crc32c_intel', 'leds_gpio'])
  assert.deepEqual(needsIn({ ...index, builtinAliases: [{ pattern: 'crypto-crc32c', module: 'crc32c' }] }, 'ext4'), [
    'leds_gpio',
  ])
})

test('selectModules() loads a soft dependency that needs the module itself after it, for the same devices', () => {
  const softdeps = [{ module: 'mlx4_core', before: [], after: ['mlx4_en'] }]
  const aliases = [{ pattern: 'pci:v000015B3*', module: 'mlx4_core' }]
  const index = indexOf({ mlx4_core: [], mlx4_en: ['mlx4_core'] }, { softdeps, aliases })
  const selection = selectModules(index, namedModules(index, ['mlx4_core'], 'named'))
  assert.deepEqual(
    selection.modules.map(({ name, needs }) => [name, needs]),
    [
      ['mlx4_core', []],
      ['mlx4_en', ['mlx4_core']],
    ],
  )
  assert.deepEqual(selection.aliases, [...aliases, { pattern: 'pci:v000015B3*', module: 'mlx4_en' }])
  assert.deepEqual(loadableModules(index, ['mlx4_core', 'gone']), ['mlx4_core', 'mlx4_en'])
})

test('selectModules() takes modules by name, and nothing for what is part of the kernel [HT25, HT47, FB45]', () => {
  const index = indexOf({ md_mod: [] }, { builtin: new Set(['nfs']) })
  assert.deepEqual(
    selectModules(index, namedModules(index, ['md-mod', 'nfs'], 'named')).modules.map(({ name }) => name),
    ['md_mod'],
  )
  assert.throws(() => namedModules(index, ['e1001'], 'named'), /Cannot find the module "e1001" of kernel 6.1/)
})

const names = ['a', 'b', 'c', 'd', 'e', 'f'] as const
/** Modules that need only those before them, as no module can need itself in a circle; soft ones run as they like. */
const anyIndex = fc
  .tuple(fc.array(fc.subarray([...names]), { minLength: 6, maxLength: 6 }), fc.array(softdep()))
  .map(([direct, softdeps]) => {
    const needs: Record<string, string[]> = {}
    for (const [at, name] of names.entries()) {
      const below = (direct[at] ?? []).filter((other) => names.indexOf(other) < at)
      needs[name] = names
        .slice(0, at)
        .filter((n) => below.some((b) => b === n || needs[b]?.includes(n)))
        .toReversed()
    }
    return indexOf(needs, { softdeps })
  })

function softdep(): fc.Arbitrary<SoftDependency> {
  return fc.record({
    module: fc.constantFrom(...names),
    before: fc.subarray([...names]),
    after: fc.subarray([...names]),
  })
}

test('selectModules() is closed, and loads each module after what it needs, whatever soft dependencies say', () => {
  fc.assert(
    fc.property(anyIndex, fc.constantFrom(...names), (index, wanted) => {
      const { modules } = selectModules(index, namedModules(index, [wanted], 'named'))
      const chosen = new Map(modules.map((module) => [module.name, module]))
      assert.equal(chosen.size, modules.length)
      for (const { name, needs } of modules) {
        assert.ok(!needs.includes(name))
        const order = [...needs.toReversed(), name]
        for (const [at, one] of order.entries()) {
          assert.ok(chosen.has(one))
          const before = new Set(order.slice(0, at))
          for (const hard of index.modules.get(one)?.needs ?? []) assert.ok(before.has(hard), `${one} needs ${hard}`)
        }
      }
    }),
  )
})

test('FEATURES take every Ethernet and USB network driver, no Wi-Fi, no modem, no tunnel [FB44]', () => {
  const paths = {
    yes: [
      'net/ethernet/intel/e1000/e1000',
      'net/ethernet/jme',
      'net/usb/r8152',
      'net/phy/realtek',
      'net/mdio/mdio-i2c',
    ],
    buses: ['net/virtio_net', 'net/hyperv/hv_netvsc', 'net/vmxnet3/vmxnet3', 'usb/host/xhci-pci', 'hv/hv_vmbus'],
    no: [
      'net/wireless/ath/ath9k/ath9k',
      'net/wwan/wwan',
      'net/can/vcan',
      'net/tun',
      'net/usb/qmi_wwan',
      'net/ppp/pppoe',
    ],
  }
  const all = Object.values(paths).flat()
  const name = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
  const lines = all.map(
    (path) => [name(path), { name: name(path), path: `kernel/drivers/${path}.ko.xz`, needs: [] }] as const,
  )
  const index = { ...indexOf({}), modules: new Map(lines) }
  assert.deepEqual(
    modulesOfFeatures(index, FEATURES)
      .map(({ module }) => module)
      .toSorted(),
    [...paths.yes, ...paths.buses].map(name).toSorted(),
  )
})
