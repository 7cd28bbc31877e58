/** Debian's names of processor architectures that machines can have. */
export type Architecture = 'amd64' | 'i386' | 'arm64'

/** `secureboot`: UEFI with Microsoft's keys that starts nothing unsigned. `uefi-http`: UEFI that boots by HTTP, not PXE. */
export const FIRMWARES = ['bios', 'uefi', 'uefi-http', 'secureboot'] as const
export type Firmware = (typeof FIRMWARES)[number]

/** UEFI in flash: the code, and the variables that each machine gets a copy of. */
export interface Flash {
  readonly code: string
  readonly vars: string
  /** The Debian package that holds both. */
  readonly package: string
}

/** How QEMU plays one kind of machine. */
export interface Platform {
  readonly program: string
  /** The Debian package of the program. */
  readonly package: string
  /** The value of `-machine`. */
  readonly machine: string
  /** `-cpu` where every instruction is emulated. */
  readonly emulatedCpu: string
  /** Screen and random numbers, without which a fresh system waits for long. */
  readonly devices: readonly string[]
  /** undefined: the BIOS that QEMU brings, or none. */
  readonly flash: Flash | undefined
  /** What else the firmware takes. */
  readonly firmwareArgs: readonly string[]
}

const X86 = {
  package: 'qemu-system-x86',
  devices: ['-vga', 'std', '-device', 'virtio-rng-pci'],
  flash: undefined,
  firmwareArgs: [],
} as const

/** Intel's of 2008: all that distributions built for x86-64-v2 need, and cheap to emulate; random numbers besides. */
const AMD64 = { ...X86, program: 'qemu-system-x86_64', emulatedCpu: 'Nehalem,+rdrand' } as const

const OVMF: Flash = {
  code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
  vars: '/usr/share/OVMF/OVMF_VARS_4M.fd',
  package: 'ovmf',
}

/** Refuses what is not signed, and keeps its variables in memory that only the firmware may write. */
const SECURE_OVMF: Flash = {
  code: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd',
  vars: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd',
  package: 'ovmf',
}

const UEFI = { ...AMD64, machine: 'q35', flash: OVMF } as const

/** edk2 reads these names from QEMU; without PXE, HTTP is what is left. */
const NO_PXE = ['IPv4PXESupport', 'IPv6PXESupport'].flatMap((name) => [
  '-fw_cfg',
  `name=opt/org.tianocore/${name},string=n`,
])

const PLATFORMS: Readonly<Record<Architecture, Partial<Record<Firmware, Platform>>>> = {
  amd64: {
    // Without "graphics" SeaBIOS, and with it iPXE, write to the serial console as well as to the screen.
    bios: { ...AMD64, machine: 'pc,graphics=off' },
    uefi: UEFI,
    'uefi-http': { ...UEFI, firmwareArgs: NO_PXE },
    secureboot: {
      ...UEFI,
      machine: 'q35,smm=on',
      flash: SECURE_OVMF,
      firmwareArgs: ['-global', 'driver=cfi.pflash01,property=secure,value=on'],
    },
  },
  i386: {
    bios: { ...X86, program: 'qemu-system-i386', emulatedCpu: 'pentium3', machine: 'pc,graphics=off' },
  },
  arm64: {
    uefi: {
      program: 'qemu-system-aarch64',
      package: 'qemu-system-arm',
      machine: 'virt',
      emulatedCpu: 'cortex-a57', // later ones sign pointers, which costs an emulator half of its speed
      devices: ['-device', 'ramfb', '-device', 'virtio-rng-pci'],
      flash: {
        code: '/usr/share/AAVMF/AAVMF_CODE.fd',
        vars: '/usr/share/AAVMF/AAVMF_VARS.fd',
        package: 'qemu-efi-aarch64',
      },
      firmwareArgs: [],
    },
  },
}

/**
 * How QEMU plays such a machine.
 *
 * @throws {RangeError} if there is no such machine; the text lists the firmware that this architecture has
 */
export function platformOf(firmware: Firmware, architecture: Architecture = 'amd64'): Platform {
  const known = PLATFORMS[architecture]
  const platform = known[firmware]
  if (platform !== undefined) return platform
  throw new RangeError(`No ${architecture} machine has ${firmware} firmware, only ${Object.keys(known).join(', ')}`)
}
