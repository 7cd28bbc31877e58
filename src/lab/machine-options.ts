import { parseMac } from '../net/mac.ts'
import type { Accelerator } from './accelerator.ts'
import { macOf, uuidOf } from './mac-address.ts'
import type { Architecture, Firmware } from './platforms.ts'
import type { CardModel, CardRom, CardSpec, MachineSpec } from './qemu-arguments.ts'

export interface CardOptions {
  /** Default `virtio-net-pci`. */
  readonly model?: CardModel
  /** Default: made from the machine's name. */
  readonly mac?: string
  /** The network it is plugged into, default `lan`. */
  readonly network?: string
  /** Default: `ipxe` under BIOS, `none` under UEFI (the firmware's own PXE client) and for direct boots. */
  readonly rom?: CardRom
  /** Place in the firmware's boot order, default that of the card. */
  readonly bootIndex?: number
}

export interface MachineOptions {
  /** Default `pc1`, `pc2` …; MAC addresses and UUID are made from it. */
  readonly name?: string
  /** Default `bios`. */
  readonly firmware?: Firmware
  /** Default `amd64`. */
  readonly architecture?: Architecture
  /** Default 1024. */
  readonly memoryMiB?: number
  /** Processors, default 1. */
  readonly cpus?: number
  /** Default one card. */
  readonly cards?: readonly CardOptions[]
  /** A kernel that QEMU loads itself, without the network. */
  readonly kernel?: string
  readonly initrd?: string
  /** The kernel's command line. */
  readonly append?: string
  /** A restart of the machine ends it instead, with `exited` telling `reset`. */
  readonly exitOnReset?: boolean
  /** QEMU's -cpu; default the host's under KVM, else one of x86-64-v2. */
  readonly cpuModel?: string
  /** More arguments for QEMU. */
  readonly extraArgs?: readonly string[]
  /** Where all bytes of the serial console go; default in the lab's folder, which is removed at the end. */
  readonly consoleLog?: string
  /** Switches it off when it aborts. */
  readonly signal?: AbortSignal
}

type Start = Omit<MachineSpec, 'qmpSocket' | 'consoleSocket' | 'varsFile'>

/**
 * Fills in what the options leave open; `plug` says what the card with that number is plugged into.
 *
 * @throws {TypeError} if the name is not fit for files and messages, or a MAC address is wrong
 */
export function machineSpec(
  options: MachineOptions,
  name: string,
  accelerator: Accelerator,
  plug: (card: number) => Pick<CardSpec, 'tap' | 'dumpFile'>,
): Start {
  if (!/^[A-Za-z0-9][\w.-]{0,31}$/.test(name)) {
    throw new TypeError(`Cannot name a machine "${name}": want up to 32 letters, digits, "-", "_" and "."`)
  }
  const { firmware = 'bios', memoryMiB = 1024, cpus = 1, cards = [{}], kernel, initrd, append } = options
  const rom = firmware === 'bios' && kernel === undefined ? 'ipxe' : 'none'
  const toSpec = (card: CardOptions, index: number): CardSpec => ({
    model: card.model ?? 'virtio-net-pci',
    mac: card.mac === undefined ? macOf(name, index) : parseMac(card.mac),
    ...plug(index),
    rom: card.rom ?? rom,
    bootIndex: card.bootIndex ?? index + 1,
  })
  return {
    name,
    uuid: uuidOf(name),
    firmware,
    architecture: options.architecture ?? 'amd64',
    accelerator,
    memoryMiB,
    cpus,
    kernel,
    initrd,
    append,
    cards: cards.map(toSpec),
    cpuModel: options.cpuModel,
    exitOnReset: options.exitOnReset ?? false,
    extraArgs: options.extraArgs ?? [],
  }
}
