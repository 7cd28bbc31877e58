import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MachineOptions, machineSpec } from './machine-options.ts'
import { qemuArguments } from './qemu-arguments.ts'

function argumentsFor(options: MachineOptions, directory = '/lab'): string {
  let taps = 0
  const spec = machineSpec(options, options.name ?? 'pc1', 'tcg', (card) => ({
    tap: `tap${taps++}`,
    dumpFile: options.name === 'dumped' ? `/lab/${card}.pcap` : undefined,
  }))
  const at = (suffix: string): string => `${directory}/pc1.${suffix}`
  const files = { qmpSocket: at('qmp'), consoleSocket: at('serial'), varsFile: at('vars') }
  return qemuArguments({ ...spec, ...files }).join(' ')
}

test('qemuArguments() gives a BIOS machine one card with the iPXE that QEMU brings', () => {
  const line = argumentsFor({})
  assert.match(line, /-machine pc,graphics=off/)
  assert.match(line, /-netdev tap,id=net0,ifname=tap0,script=no,downscript=no -device virtio-net-pci,id=card0,/)
  assert.match(line, /mac=52:54:00:39:00:c0,bootindex=1( |$)/)
  assert.match(line, /-accel tcg,thread=multi -cpu Nehalem,\+rdrand -smp 1 -m 1024/)
  assert.match(line, /-S /)
  assert.doesNotMatch(line, /romfile|-no-reboot|-kernel/)
})

test('qemuArguments() gives a UEFI machine its firmware, its own variables, and a card without ROM', () => {
  const line = argumentsFor({ firmware: 'uefi', memoryMiB: 2048, cpus: 2, exitOnReset: true })
  assert.match(line, /-machine q35 -drive if=pflash,unit=0,format=raw,file=\S+OVMF_CODE_4M.fd,readonly=on/)
  assert.match(line, /-drive if=pflash,unit=1,format=raw,file=\/lab\/pc1.vars /)
  assert.match(line, /bootindex=1,romfile=( |$)/)
  assert.match(line, /-smp 2 -m 2048/)
  assert.match(line, /-no-reboot/)
})

test('qemuArguments() gives Secure Boot its keys, and HTTP boot a firmware without PXE', () => {
  const secure = argumentsFor({ firmware: 'secureboot' })
  assert.match(
    secure,
    /-machine q35,smm=on .*OVMF_CODE_4M\.secboot\.fd,readonly=on .*cfi\.pflash01,property=secure,value=on/,
  )
  assert.match(argumentsFor({ firmware: 'uefi-http' }), /-fw_cfg name=opt\/org\.tianocore\/IPv4PXESupport,string=n/)
})

test('qemuArguments() plays other processors', () => {
  assert.match(
    argumentsFor({ firmware: 'uefi', architecture: 'arm64' }),
    /-cpu cortex-a57 .*-machine virt .*AAVMF_CODE/,
  )
  assert.match(argumentsFor({ architecture: 'i386' }), /-cpu pentium3 .*-machine pc,/)
  assert.throws(
    () => argumentsFor({ firmware: 'bios', architecture: 'arm64' }),
    /No arm64 machine has bios .*only uefi/,
  )
})

test('qemuArguments() boots a kernel directly, without asking the card', () => {
  const line = argumentsFor({ kernel: '/k', initrd: '/i', append: 'console=ttyS0', extraArgs: ['-snapshot'] })
  assert.match(line, /-kernel \/k -initrd \/i -append console=ttyS0 -snapshot$/)
  assert.match(line, /romfile=( |$)/)
})

test('qemuArguments() takes several cards of several kinds, or none', () => {
  const cards = [
    { model: 'e1000', mac: '52-54-00-AA-BB-CC', bootIndex: 2 },
    { rom: '/r.rom', bootIndex: 1 },
  ] as const
  const line = argumentsFor({ cards })
  assert.match(line, /-device e1000,id=card0,netdev=net0,mac=52:54:00:aa:bb:cc,bootindex=2 /)
  assert.match(line, /ifname=tap1\S+ -device virtio-net-pci,id=card1,netdev=net1,\S+,bootindex=1,romfile=\/r.rom/)
  assert.match(argumentsFor({ cards: [] }), /-nic none/)
})

test('qemuArguments() lets QEMU write the packets of each card where asked to', () => {
  const line = argumentsFor({ name: 'dumped', cards: [{}, {}] })
  assert.match(line, /ifname=tap1,script=no,downscript=no,vnet_hdr=off /)
  assert.match(line, /-object filter-dump,id=dump1,netdev=net1,maxlen=512,file=\/lab\/1.pcap/)
})

test('qemuArguments() writes a comma in a path twice', () => {
  assert.match(argumentsFor({}, '/a,b'), /path=\/a,,b\/pc1.qmp,server=off/)
})

test('machineSpec() refuses names that are no file names, and wrong MAC addresses', () => {
  assert.throws(() => argumentsFor({ name: '../pc' }), {
    name: 'TypeError',
    message: /"..\/pc": want up to 32 letters/,
  })
  assert.throws(() => argumentsFor({ cards: [{ mac: '52:54' }] }), { name: 'TypeError', message: /"52:54"/ })
})
