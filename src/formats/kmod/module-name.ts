/** `/` between directories, `.ko`, and how the file is compressed. */
const MODULE_FILE = /^(?:.*\/)?([^/]+)\.ko(?:\.(?:gz|xz|zst))?$/

/** The name of a module as the kernel knows it: `kernel/net/af-packet.ko.xz` is `af_packet`. Undefined for other files. */
export function moduleNameOfPath(path: string): string | undefined {
  const base = MODULE_FILE.exec(path)?.[1]
  return base === undefined ? undefined : normalizeModuleName(base)
}

/** `-` and `_` are the same in names of modules; the kernel says `_`. */
export function normalizeModuleName(name: string): string {
  return name.replaceAll('-', '_')
}
