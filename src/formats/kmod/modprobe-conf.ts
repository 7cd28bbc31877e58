import { normalizeModuleName } from './module-name.ts'

/** What the files of modprobe.d(5) say, for the modules of an initramfs. */
export interface ModprobeConfig {
  /** Lines that busybox modprobe understands as they are: `alias`, `blacklist`, `options`. */
  readonly lines: readonly ConfigLine[]
  /** The `softdep` lines, one after the other. */
  readonly softdeps: string
  /** Modules that are never to be loaded: `install MODULE /bin/false`. */
  readonly disabled: readonly string[]
  /** `install` and `remove` lines that run other programs: an initramfs does not have these. */
  readonly ignored: readonly string[]
}

interface ConfigLine {
  readonly module: string
  readonly text: string
}

/** Reads configuration in the order in which modprobe would; `\` at the end of a line continues it. */
export function parseModprobeConfig(texts: readonly string[]): ModprobeConfig {
  const lines: ConfigLine[] = []
  const softdeps: string[] = []
  const disabled: string[] = []
  const ignored: string[] = []
  for (const text of texts.flatMap((file) => file.replaceAll('\\\n', ' ').split('\n'))) {
    const [word, first, ...rest] = text.trim().split(/\s+/)
    if (word === undefined || first === undefined || word.startsWith('#')) continue
    const module = normalizeModuleName((word === 'alias' ? rest[0] : first) ?? '')
    if (word === 'alias' || word === 'blacklist' || word === 'options') lines.push({ module, text: text.trim() })
    else if (word === 'softdep') softdeps.push(text.trim())
    else if (word === 'install' && /^(?:\/usr)?\/bin\/(?:true|false)$/.test(rest.join(' '))) disabled.push(module)
    else if (word === 'install' || word === 'remove') ignored.push(text.trim())
  }
  return { lines, softdeps: softdeps.join('\n'), disabled, ignored }
}
