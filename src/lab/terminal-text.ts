/** Where the reader stands inside an escape sequence. */
type State = 'text' | 'escape' | 'csi' | 'osc'

/**
 * Makes plain lines of what a machine writes to its serial terminal, chunk by chunk: bytes may be cut anywhere, also
 * inside a character or an escape sequence. Colours vanish; a cursor that is sent to another place, or a cleared
 * screen, begins a new line, since firmware paints its menus so.
 */
export class TerminalText {
  readonly #decoder = new TextDecoder('utf-8')
  #state: State = 'text'
  #atLineStart = true

  /** The plain text of the next bytes. */
  push(bytes: Uint8Array): string {
    let plain = ''
    for (const character of this.#decoder.decode(bytes, { stream: true })) plain += this.#next(character)
    return plain
  }

  #next(character: string): string {
    if (this.#state === 'text') return this.#inText(character)
    if (this.#state === 'csi') return this.#inCsi(character)
    if (this.#state === 'escape') this.#state = character === '[' ? 'csi' : character === ']' ? 'osc' : 'text'
    else if (character === '\u0007' || character === '\\') this.#state = 'text' // a title ends by BEL or ESC \
    return ''
  }

  #inText(character: string): string {
    if (character === '\u001b') this.#state = 'escape'
    else if (character === '\n') return this.#newLine(true)
    else if (character === '\t' || character >= ' ') {
      this.#atLineStart = false
      return character
    }
    return ''
  }

  /** ECMA-48 §5.4: parameters, then one final byte from 0x40 to 0x7e. */
  #inCsi(character: string): string {
    if (character < '@' || character > '~') return ''
    this.#state = 'text'
    return 'HfJ'.includes(character) ? this.#newLine(false) : ''
  }

  #newLine(always: boolean): string {
    const nothing = this.#atLineStart && !always
    this.#atLineStart = true
    return nothing ? '' : '\n'
  }
}
