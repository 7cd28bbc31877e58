import { constants } from 'node:fs'
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Namespace } from './namespace.ts'

export type Accelerator = 'kvm' | 'tcg'

/** What QEMU ends with when the probe writes 0x10 to its exit port: (0x10 << 1) | 1. */
const PROBE_STATUS = 33
const PROBE_TIMEOUT_MS = 3000

let known: Promise<Accelerator> | undefined

/**
 * KVM where a short guest really ran under it, else QEMU's own emulation: /dev/kvm may be there and still be unable to
 * run a kernel (nested virtualisation that emulates every instruction). Asked once per process, and kept until the
 * host starts again.
 */
export function chooseAccelerator(namespace: Namespace, directory: string): Promise<Accelerator> {
  return (known ??= rememberedOrProbed(namespace, directory))
}

async function rememberedOrProbed(namespace: Namespace, directory: string): Promise<Accelerator> {
  const mayOpen = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!mayOpen) return 'tcg'
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim()
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'netroot')
  const file = join(folder, 'accelerator')
  const remembered = await readFile(file, 'utf8').catch(() => '')
  if (remembered === `${bootId} kvm\n`) return 'kvm'
  if (remembered === `${bootId} tcg\n`) return 'tcg'
  const chosen = (await probe('kvm', namespace, directory)) ? 'kvm' : 'tcg'
  const keep = mkdir(folder, { recursive: true }).then(() => writeFile(file, `${bootId} ${chosen}\n`))
  await keep.catch(() => undefined) // a home that cannot be written to costs a probe at the next start, no more
  return chosen
}

/** Does a guest of 64 KiB reach its end under this accelerator within three seconds? Uses a file in `directory`. */
export async function probe(accelerator: Accelerator, namespace: Namespace, directory: string): Promise<boolean> {
  const rom = join(directory, 'probe.rom')
  await writeFile(rom, probeRom())
  const machine = ['-nodefaults', '-display', 'none', '-machine', 'pc', '-accel', accelerator, '-m', '16', '-bios', rom]
  const exitPort = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=1']
  const guest = namespace.spawn('qemu-system-x86_64', [...machine, ...exitPort])
  const timer = setTimeout(() => void guest.kill('SIGKILL'), PROBE_TIMEOUT_MS)
  const { status } = await guest.exited
  clearTimeout(timer)
  return status === PROBE_STATUS
}

/**
 * A firmware that enters 32-bit protected mode, counts down from 20 million (instant on a processor, minutes where
 * every instruction is emulated), uses one BMI2 instruction where CPUID has it (as Linux's decompressor does; emulators
 * in the host kernel do not know it), and ends QEMU by its exit port.
 */
export function probeRom(): Uint8Array {
  const rom = new Uint8Array(0x1_0000)
  const put = (offset: number, hex: string): void => rom.set(Buffer.from(hex.replaceAll(' ', ''), 'hex'), offset)
  put(0xfff0, 'e9 0d ff') // reset vector: jmp 0xff00
  put(0xff00, 'fa 66 2e 0f 01 16 80 ff') // cli; lgdt cs:[0xff80]
  put(0xff08, '0f 20 c0 0c 01 0f 22 c0') // cr0 |= 1: protected mode
  put(0xff10, '66 ea 20 ff ff ff 08 00') // jmp 0x08:0xffffff20
  put(0xff20, 'b9 00 2d 31 01 49 75 fd') // ecx = 20 000 000; until --ecx == 0
  put(0xff28, 'b8 07 00 00 00 31 c9 0f a2') // cpuid(7, 0)
  put(0xff31, 'f6 c7 01 74 05 c4 e2 71 f7 c0') // if ebx bit 8 (BMI2): shlx eax, eax, ecx
  put(0xff3b, 'b0 10 e6 f4 f4 eb fd') // out 0xf4, 0x10; hlt for ever
  put(0xff60, '0000000000000000 ffff0000009acf00') // global descriptors: none, flat 32-bit code
  put(0xff80, '0f00 60ffffff') // their limit and address
  return rom
}
