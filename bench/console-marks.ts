/** Two moments of a boot that every initramfs shows on the console, in seconds since the kernel started. */
export interface ConsoleMarks {
  /** The kernel starts the initramfs's init: it has unpacked the initramfs by then. */
  readonly initSeconds: number
  /** The first line of the real system's systemd. */
  readonly systemSeconds: number
}

/** The kernel writes its time before each line, and systemd writes its first lines through the kernel. */
const INIT = /^\[ *(\d+\.\d+)\] Run \/init as init process/m
const SYSTEM = /^\[ *(\d+\.\d+)\] systemd\[1\]: /m

/**
 * Reads both off a serial console.
 *
 * @throws {Error} if one is not there; `quiet` on the command line hides them
 */
export function consoleMarks(text: string): ConsoleMarks {
  return {
    initSeconds: initSecondsOf(text),
    systemSeconds: secondsAt(text, SYSTEM, "systemd's first line"),
  }
}

/** When the kernel started /init. @throws {Error} if that is not there */
export function initSecondsOf(text: string): number {
  return secondsAt(text, INIT, "the kernel's start of /init")
}

function secondsAt(text: string, pattern: RegExp, what: string): number {
  const seconds = pattern.exec(text)?.[1]
  if (seconds === undefined) throw new Error(`Cannot find ${what} on the console, want ${String(pattern)}`)
  return Number(seconds)
}
