/** One row of the table below. */
export interface ArchitectureName {
  readonly code: number
  /** What people call it. */
  readonly name: string
  /** As the registry spells it. */
  readonly registered: string
  readonly firmware: 'bios' | 'uefi' | 'other'
  /** How the firmware fetches its boot file. */
  readonly fetches: 'tftp' | 'http'
}

/**
 * IANA "Processor Architecture Types" (DHCP option 93, DHCPv6 option 61). Machines with x86-64 UEFI say 7, and some 9,
 * which the registry gives to EFI byte code.
 */
const ROWS: readonly (readonly [number, string, string, ArchitectureName['firmware'], ArchitectureName['fetches']])[] =
  [
    [0, 'BIOS', 'x86 BIOS', 'bios', 'tftp'],
    [1, 'NEC PC-98', 'NEC/PC98', 'other', 'tftp'],
    [2, 'Itanium', 'Itanium', 'other', 'tftp'],
    [3, 'DEC Alpha', 'DEC Alpha', 'other', 'tftp'],
    [4, 'Arc x86', 'Arc x86', 'other', 'tftp'],
    [5, 'Intel Lean Client', 'Intel Lean Client', 'other', 'tftp'],
    [6, 'UEFI 32-bit x86', 'x86 UEFI', 'uefi', 'tftp'],
    [7, 'UEFI', 'x64 UEFI', 'uefi', 'tftp'],
    [8, 'UEFI Xscale', 'EFI Xscale', 'uefi', 'tftp'],
    [9, 'UEFI', 'EBC', 'uefi', 'tftp'],
    [10, 'UEFI 32-bit ARM', 'ARM 32-bit UEFI', 'uefi', 'tftp'],
    [11, 'UEFI ARM64', 'ARM 64-bit UEFI', 'uefi', 'tftp'],
    [12, 'PowerPC Open Firmware', 'PowerPC Open Firmware', 'other', 'tftp'],
    [13, 'PowerPC ePAPR', 'PowerPC ePAPR', 'other', 'tftp'],
    [14, 'POWER OPAL', 'POWER OPAL v3', 'other', 'tftp'],
    [15, 'UEFI 32-bit x86, HTTP', 'x86 uefi boot from http', 'uefi', 'http'],
    [16, 'UEFI, HTTP', 'x64 uefi boot from http', 'uefi', 'http'],
    [17, 'UEFI, HTTP', 'ebc boot from http', 'uefi', 'http'],
    [18, 'UEFI 32-bit ARM, HTTP', 'arm uefi 32 boot from http', 'uefi', 'http'],
    [19, 'UEFI ARM64, HTTP', 'arm uefi 64 boot from http', 'uefi', 'http'],
    [20, 'BIOS, HTTP', 'pc/at bios boot from http', 'bios', 'http'],
    [21, '32-bit ARM U-Boot', 'arm 32 uboot', 'other', 'tftp'],
    [22, 'ARM64 U-Boot', 'arm 64 uboot', 'other', 'tftp'],
    [23, '32-bit ARM U-Boot, HTTP', 'arm uboot 32 boot from http', 'other', 'http'],
    [24, 'ARM64 U-Boot, HTTP', 'arm uboot 64 boot from http', 'other', 'http'],
    [25, 'UEFI RISC-V 32', 'RISC-V 32-bit UEFI', 'uefi', 'tftp'],
    [26, 'UEFI RISC-V 32, HTTP', 'RISC-V 32-bit UEFI boot from http', 'uefi', 'http'],
    [27, 'UEFI RISC-V', 'RISC-V 64-bit UEFI', 'uefi', 'tftp'],
    [28, 'UEFI RISC-V, HTTP', 'RISC-V 64-bit UEFI boot from http', 'uefi', 'http'],
    [29, 'UEFI RISC-V 128', 'RISC-V 128-bit UEFI', 'uefi', 'tftp'],
    [30, 'UEFI RISC-V 128, HTTP', 'RISC-V 128-bit UEFI boot from http', 'uefi', 'http'],
    [31, 's390', 's390 Basic', 'other', 'tftp'],
    [32, 's390 extended', 's390 Extended', 'other', 'tftp'],
    [33, 'UEFI MIPS 32', 'MIPS 32-bit UEFI', 'uefi', 'tftp'],
    [34, 'UEFI MIPS 64', 'MIPS 64-bit UEFI', 'uefi', 'tftp'],
    [35, 'UEFI Sunway 32', 'Sunway 32-bit UEFI', 'uefi', 'tftp'],
    [36, 'UEFI Sunway 64', 'Sunway 64-bit UEFI', 'uefi', 'tftp'],
    [37, 'UEFI LoongArch 32', 'LoongArch 32-bit UEFI', 'uefi', 'tftp'],
    [38, 'UEFI LoongArch 32, HTTP', 'LoongArch 32-bit UEFI boot from http', 'uefi', 'http'],
    [39, 'UEFI LoongArch', 'LoongArch 64-bit UEFI', 'uefi', 'tftp'],
    [40, 'UEFI LoongArch, HTTP', 'LoongArch 64-bit UEFI boot from http', 'uefi', 'http'],
    [41, 'ARM RPIBOOT', 'arm rpiboot', 'other', 'tftp'],
  ]

export const ARCHITECTURES: ReadonlyMap<number, ArchitectureName> = new Map(
  ROWS.map(([code, name, registered, firmware, fetches]) => [code, { code, name, registered, firmware, fetches }]),
)

/** The name of a processor architecture in words, `architecture 77` where the registry has none. */
export function architectureName(code: number): string {
  return ARCHITECTURES.get(code)?.name ?? `architecture ${code}`
}
