/** A menu on a machine's screen, as any loader shows it. */
export interface BootMenu {
  /** Words above it. */
  readonly title: string
  /** Seconds until the first entry is taken. */
  readonly timeoutSeconds: number
  /** The first is the default. */
  readonly entries: readonly MenuEntry[]
}

export interface MenuEntry {
  /** What the machine answers with: the name of a profile, or `local`. */
  readonly name: string
  /** What people see. */
  readonly label: string
}

/** The key that takes an entry at once: 1 to 9, then a to z; undefined for those further down. */
export function keyOf(index: number): string | undefined {
  return '123456789abcdefghijklmnopqrstuvwxyz'[index]
}

/** What stands behind the name of a loader's configuration when the loader asks for an entry of its menu. */
const CHOOSE = '/choose/'

/** The name under which a loader asks for the configuration of an entry. */
export function chooseName(name: string, entry: string): string {
  return `${name}${CHOOSE}${entry}`
}

/** Takes such a name apart; `choice` is undefined where it names no entry. */
export function readChooseName(path: string): { readonly name: string; readonly choice: string | undefined } {
  const at = path.lastIndexOf(CHOOSE)
  const choice = at < 0 ? '' : path.slice(at + CHOOSE.length)
  const isName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(choice)
  return isName ? { name: path.slice(0, at), choice } : { name: path, choice: undefined }
}
