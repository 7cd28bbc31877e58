/**
 * Milliseconds since 1970 by a clock that never jumps: right when this process started, and not put forward or back
 * since, whatever happens to the clock of the host.
 */
export function steadyNow(): number {
  return performance.timeOrigin + performance.now()
}
