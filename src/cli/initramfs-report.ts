import type { PartCompression } from '../initramfs/compress.ts'
import type { DriversReport, MissingFirmware } from '../initramfs/drivers.ts'
import type { MicrocodeReport } from '../initramfs/microcode.ts'
import type { Part } from '../initramfs/part.ts'
import type { ToolsReport } from '../initramfs/parts.ts'
import type { SshReport } from '../initramfs/ssh.ts'
import { bytesText, table } from './text.ts'

/** What was built. */
export interface BuiltInitramfs {
  /** Undefined where only an explanation was asked for. */
  readonly output: string | undefined
  /** Bytes of all parts together. */
  readonly size: number
  readonly compression: PartCompression
  /** Path of the kernel in the root, where it is there. */
  readonly kernel: string | undefined
  readonly microcode: Part<MicrocodeReport> | undefined
  readonly tools: Part<ToolsReport>
  readonly drivers: Part<DriversReport>
  readonly ssh: Part<SshReport> | undefined
}

/** What was built, for people. */
export function renderInitramfs({
  output,
  size,
  kernel,
  compression,
  microcode,
  tools,
  drivers,
  ssh,
}: BuiltInitramfs): string {
  const { kernelVersion, architecture, modules, firmware } = drivers.report
  const rows = [
    [
      'initramfs',
      `${output ?? 'not written'}, ${bytesText(size)}, ${compression === 'none' ? 'not compressed' : compression}`,
    ],
    ['kernel', `${kernelVersion} (${architecture})${kernel === undefined ? ', only its modules' : `, ${kernel}`}`],
    ['tools', `${bytesText(tools.unpackedSize)} unpacked: ${tools.report.busybox}`],
    ['drivers', `${bytesText(drivers.unpackedSize)} unpacked: ${modules.length} modules`],
    ['firmware', `${firmware.length} files`],
    ...missingRows(drivers.report.missingFirmware),
    ...(ssh === undefined
      ? []
      : [['ssh', `${bytesText(ssh.unpackedSize)} unpacked: ${ssh.report.packages.join(', ')}`]]),
    ...(microcode === undefined ? [] : [['microcode', `${bytesText(microcode.size)}, not compressed`]]),
    ...drivers.report.ignoredConfig.map((line) => ['ignored', `of modprobe.d: ${line}`]),
  ]
  return table(rows)
}

/** Firmware is not always needed, so what is missing is told, not refused: a line for each card. */
function missingRows(missing: readonly MissingFirmware[]): string[][] {
  const byModule = Map.groupBy(missing, ({ module }) => module)
  const rows = [...byModule].map(([module, files]) => {
    const packages = [...new Set(files.flatMap(({ debianPackage }) => debianPackage ?? []))].join(', ')
    const [first] = files
    const names = files.length === 1 ? `${first?.name}` : `${first?.name} and ${files.length - 1} more`
    return ['missing', `${names}, for ${module} (${first?.card})${packages === '' ? '' : `: Debian's ${packages}`}`]
  })
  return rows
}

/** Each module and file, and why it is there. */
export function explainInitramfs({ tools, drivers, microcode, ssh }: BuiltInitramfs): string {
  const { report } = drivers
  const rows = [
    ...report.modules.map((module) => ['module', module, report.reasons[module] ?? '']),
    ...report.firmware.map((file) => ['firmware', file, `for ${report.firmwareReasons[file] ?? ''}`]),
    ...(microcode?.report.files ?? []).map((file) => ['microcode', file, 'for the processor, before all else']),
    ['program', 'bin/busybox', `${tools.report.busybox}: ${tools.report.applets} commands that the client uses`],
    ...tools.report.client.map((file) => ['script', file, 'the boot itself']),
    ...(ssh?.report.files ?? []).map((file) => ['program', file, 'to log in by SSH, as --ssh asks']),
    ...leftOut(report),
  ]
  return table(rows)
}

function leftOut({ firmwareLeftOut }: DriversReport): string[][] {
  return firmwareLeftOut === 0 ? [] : [['left out', `${firmwareLeftOut} firmware files`, 'no network boot needs them']]
}
