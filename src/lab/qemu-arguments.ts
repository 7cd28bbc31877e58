import type { Mac } from '../net/mac.ts'
import type { Accelerator } from './accelerator.ts'
import { SNAP_LENGTH } from './capture.ts'
import { type Architecture, type Firmware, type Platform, platformOf } from './platforms.ts'

/** Cards that QEMU has; `virtio-net-pci` is the fastest, `e1000` what old PCs have, `usb-net` an adapter at a USB port. */
export type CardModel =
  | 'virtio-net-pci'
  | 'e1000'
  | 'e1000e'
  | 'rtl8139'
  | 'vmxnet3'
  | 'pcnet'
  | 'ne2k_pci'
  | 'i82551'
  | 'i82559er'
  | 'usb-net'

/** `ipxe`: QEMU's own ROM, which is iPXE. `none`: no ROM, so that UEFI uses its own PXE client. Or a ROM file. */
export type CardRom = 'ipxe' | 'none' | `/${string}`

export interface CardSpec {
  readonly model: CardModel
  readonly mac: Mac
  /** The tap device in the lab that the card is plugged into. */
  readonly tap: string
  /** QEMU writes the card's packets here, where tcpdump may not. */
  readonly dumpFile: string | undefined
  readonly rom: CardRom
  /** Place in the firmware's boot order; lower is earlier. */
  readonly bootIndex: number
}

/** Everything that decides how QEMU is called. */
export interface MachineSpec {
  readonly name: string
  readonly uuid: string
  readonly firmware: Firmware
  readonly architecture: Architecture
  readonly accelerator: Accelerator
  readonly cpuModel: string | undefined
  readonly memoryMiB: number
  readonly cpus: number
  readonly cards: readonly CardSpec[]
  readonly kernel: string | undefined
  readonly initrd: string | undefined
  readonly append: string | undefined
  /** A reset in the machine ends it instead of starting it again. */
  readonly exitOnReset: boolean
  readonly qmpSocket: string
  readonly consoleSocket: string
  /** This machine's own copy of the UEFI variables. */
  readonly varsFile: string
  readonly extraArgs: readonly string[]
}

/** The arguments of QEMU. The machine stands still until `cont`, so that nothing of its start is missed. */
export function qemuArguments(spec: MachineSpec): readonly string[] {
  const platform = platformOf(spec.firmware, spec.architecture)
  return [
    '-nodefaults',
    '-no-user-config',
    '-S',
    '-name',
    `netroot-${spec.name}`,
    '-uuid',
    spec.uuid,
    ...processor(spec, platform),
    ...firmware(spec, platform),
    '-display',
    'none',
    ...platform.devices,
    ...socket('qmp', spec.qmpSocket, ['-mon', 'chardev=qmp,mode=control']),
    ...socket('console', spec.consoleSocket, ['-serial', 'chardev:console']),
    ...(spec.cards.some(({ model }) => model === 'usb-net') ? ['-device', 'qemu-xhci'] : []),
    ...(spec.cards.length === 0 ? ['-nic', 'none'] : spec.cards.flatMap(card)),
    ...(spec.exitOnReset ? ['-no-reboot'] : []),
    ...directBoot(spec),
    ...spec.extraArgs,
  ]
}

function processor(spec: MachineSpec, { emulatedCpu }: Platform): readonly string[] {
  const { accelerator, cpuModel, cpus, memoryMiB } = spec
  const accel = accelerator === 'tcg' ? 'tcg,thread=multi' : accelerator
  const model = cpuModel ?? (accelerator === 'kvm' ? 'host' : emulatedCpu)
  return ['-accel', accel, '-cpu', model, '-smp', String(cpus), '-m', String(memoryMiB)]
}

function firmware({ varsFile }: MachineSpec, { machine, flash, firmwareArgs }: Platform): readonly string[] {
  if (flash === undefined) return ['-machine', machine]
  const drive = (unit: number, file: string, rest: string): readonly string[] => [
    '-drive',
    `if=pflash,unit=${unit},format=raw,file=${escapeComma(file)}${rest}`,
  ]
  return ['-machine', machine, ...drive(0, flash.code, ',readonly=on'), ...drive(1, varsFile, ''), ...firmwareArgs]
}

function socket(id: string, path: string, use: readonly string[]): readonly string[] {
  return ['-chardev', `socket,id=${id},path=${escapeComma(path)},server=off`, ...use]
}

function card({ model, mac, tap, dumpFile, rom, bootIndex }: CardSpec, index: number): readonly string[] {
  const romFile = rom === 'ipxe' ? '' : `,romfile=${rom === 'none' ? '' : escapeComma(rom)}`
  // A dump would begin with the header that virtio puts before each packet, which tcpdump does not know.
  const plain = dumpFile === undefined ? '' : ',vnet_hdr=off'
  const boots = model === 'usb-net' ? '' : `,bootindex=${bootIndex}${romFile}`
  return [
    '-netdev',
    `tap,id=net${index},ifname=${tap},script=no,downscript=no${plain}`,
    '-device',
    `${model},id=card${index},netdev=net${index},mac=${mac}${boots}`,
    ...(dumpFile === undefined ? [] : ['-object', dump(index, dumpFile)]),
  ]
}

function dump(index: number, file: string): string {
  return `filter-dump,id=dump${index},netdev=net${index},maxlen=${SNAP_LENGTH},file=${escapeComma(file)}`
}

function directBoot({ kernel, initrd, append }: MachineSpec): readonly string[] {
  if (kernel === undefined) return []
  return [
    '-kernel',
    kernel,
    ...(initrd === undefined ? [] : ['-initrd', initrd]),
    ...(append === undefined ? [] : ['-append', append]),
  ]
}

/** QEMU's option lists are separated by commas; a comma in a value is written twice. */
function escapeComma(value: string): string {
  return value.replaceAll(',', ',,')
}
