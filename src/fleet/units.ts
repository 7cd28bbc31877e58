const STEPS = ['KiB', 'MiB', 'GiB', 'TiB'] as const

/** Bytes for people: `512 B`, `11.9 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  // what rounds to 1024.0 is one of the next unit
  const power = Math.min(STEPS.length, Math.floor(Math.log(bytes * 1.00005) / Math.log(1024)))
  return `${(bytes / 1024 ** power).toFixed(1)} ${STEPS[power - 1] ?? 'KiB'}`
}

/** Seconds for people: `0.06 s`, `41 s`, `3 min`, `12 h`, `2 days`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(2)} s`
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`
}

/** A path or URL with each SHA-256 in it cut to what people compare by eye: 12 digits. */
export function shortDigests(text: string): string {
  return text.replaceAll(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1…')
}
