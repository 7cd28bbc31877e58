/** Tells how something long goes on: one line that changes on a terminal, plain lines now and then elsewhere. */
export class Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #started = performance.now()
  readonly #pauseMs: number
  #shown = -Infinity
  #open = false

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
    this.#pauseMs = stream.isTTY ? 100 : 5000
  }

  /** Shows where it is, unless it did so a moment ago. */
  update(text: () => string): void {
    if (performance.now() - this.#shown < this.#pauseMs) return
    this.#shown = performance.now()
    this.#write(text(), this.#stream.isTTY)
  }
  /** Shows a step, always. */
  step(text: string): void {
    this.#write(text, this.#stream.isTTY)
  }
  /** A line that stays. */
  line(text: string): void {
    this.#write(text, false)
  }
  /** Leaves the terminal in order. */
  end(): void {
    if (this.#open) this.#stream.write('\r\x1b[K')
    this.#open = false
  }

  #write(text: string, changing: boolean): void {
    const seconds = `${((performance.now() - this.#started) / 1000).toFixed(1).padStart(6)} s`
    const back = this.#open ? '\r\x1b[K' : ''
    const full = `${seconds}  ${text}`
    this.#stream.write(changing ? `${back}${full.slice(0, (this.#stream.columns ?? 80) - 1)}` : `${back}${full}\n`)
    this.#open = changing
  }
}
